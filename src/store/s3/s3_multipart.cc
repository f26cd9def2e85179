#include "store/s3/s3_multipart.h"

#include "http/url.h"
#include "store/etag.h"
#include "store/s3/s3_errors.h"
#include "store/s3/s3_headers.h"
#include "store/s3/s3_settle.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr std::size_t kMostParts = 10'000;

std::string encode(std::string_view text) { return http::uri_encode(text, http::Slash::encode); }

std::string part_query(const UploadId& upload, std::uint32_t number) {
  return "partNumber=" + std::to_string(number) + "&uploadId=" + encode(upload.id);
}

/// The token of an object of these parts; empty where theirs are no MD5s.
std::string composed_etag(std::span<const PartInfo> parts) {
  std::vector<std::string> md5s;
  for (const PartInfo& part : parts) md5s.push_back(part.etag);
  return compose_etag(md5s).value_or("");
}

/// A list that would never end, or shows what nobody asked for.
std::unexpected<Error> stuck(Where place) {
  return fail(Error(Code::corrupted, "the service's list does not go on, or left its prefix")
                  .at(std::move(place)));
}

}  // namespace

Task<UploadId> S3Multipart::create(const Context& context, const std::string& key,
                                   const PutOptions& options) {
  Call call;
  call.operation = "create upload";
  call.method = "POST";
  call.key = &key;
  call.query = "uploads=";
  GODWIT_CO_CHECK(client_.check_key(call));
  add_metadata(call.headers, options, client_.config());
  const ChecksumKind kind = client_.config().checksum;
  if (kind != ChecksumKind::none) {
    // Of the whole object, so that the parts' sums need not be told again at the end.
    call.headers.add("x-amz-checksum-algorithm",
                     kind == ChecksumKind::crc32c ? "CRC32C" : "CRC64NVME");
    call.headers.add("x-amz-checksum-type", "FULL_OBJECT");
  }
  GODWIT_CO_TRY(const std::string answer, co_await client_.send_for_text(context, call));
  const std::string id = find_text(answer, "UploadId");
  if (id.empty()) co_return fail(Error(Code::corrupted, "no upload id").at(client_.place(call)));
  co_return UploadId{key, id, {}};
}

Task<PartInfo> S3Multipart::put_part(const Context& context, const UploadId& upload,
                                     PartPlace place, Upload part) {
  Call call;
  call.operation = "put part";
  call.method = "PUT";
  call.key = &upload.key;
  call.query = part_query(upload, place.number);
  call.body = part.body;
  call.body_size = part.size;
  GODWIT_CO_TRY(http::Response response, co_await client_.send(context, call));
  const std::string etag = unquote(response.headers.find("ETag").value_or(""));
  co_return PartInfo{place.number, part.size, etag};
}

Task<PartInfo> S3Multipart::copy_part(const Context& context, const UploadId& upload,
                                      PartPlace place, const CopySource& source) {
  Call call;
  call.operation = "copy part";
  call.method = "PUT";
  call.key = &upload.key;
  call.query = part_query(upload, place.number);
  const Client* from = client_of(source.store);
  if (from == nullptr) {
    co_return fail(Error(Code::unsupported, "the source is no s3: store").at(client_.place(call)));
  }
  call.headers.add("x-amz-copy-source", from->copy_source(source.key));
  if (!source.if_match.empty()) call.headers.add("x-amz-copy-source-if-match", source.if_match);
  Bytes size = 0;
  if (source.range) {
    size = source.range->size;
    call.headers.add("x-amz-copy-source-range",
                     "bytes=" + std::to_string(source.range->offset) + "-" +
                         std::to_string(source.range->offset + size - 1));
  }
  GODWIT_CO_TRY(const std::string answer, co_await client_.send_for_text(context, call));
  std::string etag = unquote(find_text(answer, "ETag"));
  if (etag.empty()) co_return fail(no_etag().at(client_.place(call)));
  co_return PartInfo{place.number, size, std::move(etag)};
}

Task<std::vector<PartInfo>> S3Multipart::parts(const Context& context, const UploadId& upload) {
  std::vector<PartInfo> all;
  std::string marker;
  for (;;) {
    Call call;
    call.operation = "list parts";
    call.key = &upload.key;
    call.query = "uploadId=" + encode(upload.id);
    if (!marker.empty()) call.query += "&part-number-marker=" + encode(marker);
    GODWIT_CO_TRY(std::string answer, co_await client_.send_for_text(context, call));
    Result<PartsPage> page = parse_parts_page(answer);
    if (!page) co_return fail(std::move(page).error().at(client_.place(call)));
    all.insert(all.end(), page->parts.begin(), page->parts.end());
    if (!page->truncated) co_return all;
    const bool goes_on = !page->parts.empty() && all.size() < kMostParts;
    if (!goes_on || page->next_marker == marker) co_return stuck(client_.place(call));
    marker = page->next_marker;
  }
}

Task<PutResult> S3Multipart::complete(const Context& context, const UploadId& upload,
                                      std::span<const PartInfo> parts, const PutOptions& options) {
  Call call;
  call.operation = "complete upload";
  call.method = "POST";
  call.key = &upload.key;
  call.query = "uploadId=" + encode(upload.id);
  // Ceph RGW 16 takes parts in any order and sorts them.
  Result<void> checked = check_parts(parts);
  if (!checked) co_return fail(std::move(checked).error().at(client_.place(call)));
  add_condition(call.headers, options);
  if (client_.config().checksum != ChecksumKind::none) {
    call.headers.add("x-amz-checksum-type", "FULL_OBJECT");
  }
  const std::string xml = complete_request(parts);
  MemoryBody body(xml);
  call.body = &body;
  call.body_size = xml.size();
  call.body_hash = payload_hash(xml);
  Expected expected{composed_etag(parts), context.world().mono_now()};
  Result<std::string> answer = co_await client_.send_for_text(context, call);
  if (answer && root_name(*answer) != "CompleteMultipartUploadResult") {
    answer = fail(Error(Code::corrupted, "the service's answer does not say that it is complete")
                      .with(Outcome::unknown)
                      .at(client_.place(call)));
  }
  if (!answer) {
    Error error = std::move(answer).error();
    // An upload that is gone while its object is there was completed, by this call or one before.
    const bool gone = error.code() == Code::not_found;
    if (gone) expected.since.reset();
    if (!gone && error.outcome() != Outcome::unknown) co_return fail(std::move(error));
    co_return co_await settle(client_, context, upload.key, expected, std::move(error));
  }
  const std::string etag = unquote(find_text(*answer, "ETag"));
  if (!etag.empty()) co_return PutResult{etag};
  // Ceph RGW leaves it out.
  Call ask;
  ask.operation = "head";
  ask.method = "HEAD";
  ask.key = &upload.key;
  GODWIT_CO_TRY(const http::Response head, co_await client_.send(context, ask));
  co_return PutResult{unquote(head.headers.find("ETag").value_or(""))};
}

Task<void> S3Multipart::abort(const Context& context, const UploadId& upload) {
  Call call;
  call.operation = "abort upload";
  call.method = "DELETE";
  call.key = &upload.key;
  call.query = "uploadId=" + encode(upload.id);
  const Result<http::Response> response = co_await client_.send(context, call);
  if (response || response.error().code() == Code::not_found) co_return Result<void>();
  co_return fail(Error(response.error()));
}

Task<std::vector<UploadId>> S3Multipart::list(const Context& context, const std::string& prefix) {
  std::vector<UploadId> all;
  const std::string& own = client_.config().prefix;
  std::string markers;
  for (;;) {
    Call call;
    call.operation = "list uploads";
    // Not encoding-type=url: Ceph RGW 16 then encodes the keys without saying so.
    call.query = "uploads=&prefix=" + encode(own + prefix) + markers;
    GODWIT_CO_TRY(std::string answer, co_await client_.send_for_text(context, call));
    Result<UploadsPage> page = parse_uploads_page(answer);
    if (!page) co_return fail(std::move(page).error().at(client_.place(call)));
    for (UploadId& upload : page->uploads) {
      // Not ours: aborting it under a name that was cut would hit another one.
      if (!upload.key.starts_with(own + prefix)) co_return stuck(client_.place(call));
      upload.key.erase(0, own.size());
      all.push_back(std::move(upload));
    }
    if (!page->truncated) co_return all;
    std::string next =
        "&key-marker=" + encode(page->next_key) + "&upload-id-marker=" + encode(page->next_upload);
    if (page->uploads.empty() || next == markers) co_return stuck(client_.place(call));
    markers = std::move(next);
  }
}

}  // namespace godwit::s3
