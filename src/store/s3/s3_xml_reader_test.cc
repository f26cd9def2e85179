#include "store/s3/s3_xml_reader.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

using Event = XmlReader::Event;

/// "<a>" and "</a=text>" for each tag, then "." for a whole document and "!" for a broken one.
std::string walk(std::string_view xml) {
  XmlReader reader(xml);
  std::string seen;
  for (int events = 0; events < 1000; ++events) {
    switch (reader.next()) {
      case Event::start: seen += "<" + std::string(reader.name()) + ">"; break;
      case Event::end:
        seen += "</" + std::string(reader.name()) + "=" + std::string(reader.raw_text()) + ">";
        break;
      case Event::finished: return seen + ".";
      case Event::broken: return seen + "!";
    }
  }
  return "endless";
}

TEST(XmlReader, tells_tags_and_the_text_of_leaves) {
  EXPECT_EQ(
      walk("<?xml version=\"1.0\"?>\n<a x=\"1>2\" y='/'><b>t &amp;</b>\n <c/><d >  </d ></a>\n"),
      "<a><b></b=t &amp;><c></c=><d></d=  ></a=>.");
  EXPECT_EQ(walk("\xef\xbb\xbf<a><!-- > --><b><!-- x -->t</b></a><!-- -->"), "<a><b></b=t></a=>.");
}

TEST(XmlReader, what_is_not_well_formed_is_broken) {
  for (const char* xml : {"",
                          " ",
                          "text",
                          "<",
                          "<a",
                          "<a>",
                          "<a></b>",
                          "<a><b></a></b>",
                          "</a>",
                          "<a/><b/>",
                          "<a/>x",
                          "x<a/>",
                          "<a>x<b/></a>",
                          "<a><b/>x</a>",
                          "<a>x<!-- -->y</a>",
                          "<a><!-- </a>",
                          "<></>",
                          "<a><![CDATA[x]]></a>",
                          "<!DOCTYPE a><a/>",
                          "<a b=\"></a>",
                          "<a></a",
                          "<a></a b>",
                          "<?xml"}) {
    EXPECT_TRUE(walk(xml).ends_with("!")) << xml << " " << walk(xml);
  }
}

TEST(XmlReader, has_a_limit_to_depth) {
  std::string xml;
  for (int i = 0; i < 16; ++i) xml = "<a>" + xml + "</a>";
  EXPECT_TRUE(walk(xml).ends_with("."));
  EXPECT_TRUE(walk("<a>" + xml + "</a>").ends_with("!"));
}

TEST(XmlReader, counts_the_open_elements) {
  XmlReader reader("<a><b/></a>");
  for (const std::size_t depth : {1U, 2U, 2U, 1U}) {
    reader.next();
    EXPECT_EQ(reader.depth(), depth);
  }
}

TEST(References, are_resolved_or_refused) {
  EXPECT_EQ(resolve_references("a&lt;b&gt;&amp;&quot;&apos;&#10;&#xe9;&#x65e5;&#128512;"),
            "a<b>&\"'\n\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80");
  for (const char* raw : {"&", "&;", "&amp", "&none;", "&#;", "&#x;", "&#xd800;", "&#x110000;",
                          "&#12a;", "&#99999999999;"}) {
    EXPECT_EQ(resolve_references(raw), std::nullopt) << raw;
  }
}

}  // namespace
}  // namespace godwit::s3
