// What a row of a listing costs the client's CPU and allocator: one page of 1000 keys, as AWS and
// Ceph write them. `s3_xml_bench` (preset release).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "store/s3/s3_xml.h"

namespace {

std::size_t allocated = 0;
std::size_t allocations = 0;

}  // namespace

// Counts, and leaves the rest to the operator for aligned memory, which is not replaced.
constexpr std::align_val_t kAlignment{alignof(std::max_align_t)};

void* operator new(std::size_t size) {
  allocated += size;
  ++allocations;
  return ::operator new(size, kAlignment);
}
void operator delete(void* memory) noexcept { ::operator delete(memory, kAlignment); }
void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory, kAlignment); }

namespace godwit::s3 {
namespace {

constexpr int kRows = 1000;

std::string page_of(const char* key_format) {
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/"
      "doc/2006-03-01/\"><Name>b</Name><Prefix></Prefix><EncodingType>url</EncodingType>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
  for (int i = 0; i < kRows; ++i) {
    char key[96];
    std::snprintf(key, sizeof key, key_format, i);
    char etag[40];
    std::snprintf(etag, sizeof etag, "%032x", i);
    xml.append("<Contents><Key>").append(key);
    xml.append("</Key><LastModified>2026-11-21T05:31:10.125Z</LastModified><ETag>&quot;");
    xml.append(etag).append("&quot;</ETag><Size>").append(std::to_string(i * 977));
    xml.append(
        "</Size><StorageClass>STANDARD</StorageClass><Owner><ID>godwit</ID><DisplayName>"
        "godwit</DisplayName></Owner><Type>Normal</Type></Contents>");
  }
  return xml + "</ListBucketResult>";
}

void parse(benchmark::State& state, const char* key_format) {
  const std::string page = page_of(key_format);
  std::string xml;
  const std::size_t bytes_before = allocated;
  const std::size_t before = allocations;
  for ([[maybe_unused]] auto round : state) {
    xml = page;
    auto parsed = parse_list_page(xml);
    if (!parsed || parsed->entries.size() != kRows) state.SkipWithError("no such page");
    benchmark::DoNotOptimize(parsed);
  }
  const auto rows = static_cast<double>(state.iterations()) * kRows;
  state.counters["ns/row"] =
      benchmark::Counter(rows * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes/row"] = static_cast<double>(allocated - bytes_before) / rows;
  state.counters["allocations/row"] = static_cast<double>(allocations - before) / rows;
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}

BENCHMARK_CAPTURE(parse, plain_keys, "some/directory/of/files/%08d.parquet");
BENCHMARK_CAPTURE(parse, escaped_keys, "some%%2Fdirectory%%2Fof%%20files/%08d.parquet");

void copy_page(benchmark::State& state) {
  const std::string page = page_of("some/directory/of/files/%08d.parquet");
  std::string xml;
  for ([[maybe_unused]] auto round : state) {
    xml = page;
    benchmark::DoNotOptimize(xml.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}
BENCHMARK(copy_page);

}  // namespace
}  // namespace godwit::s3

BENCHMARK_MAIN();
