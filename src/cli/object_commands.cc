#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <memory>

#include "cli/app.h"
#include "transfer/bodies.h"
#include "transfer/copy.h"
#include "world/disk.h"

namespace godwit::cli {
namespace {

constexpr std::size_t kBuffer = 256 * kKiB;
constexpr Bytes kStdinPart = 16 * kMiB;
constexpr std::size_t kRemoveBatch = 1000;

struct Arguments {
  std::string location;
  std::string file;
  std::string content_type;
  std::vector<std::string> metadata;
  bool long_format = false;
  bool recursive = false;
  bool yes = false;
  bool dry_run = false;
};
using Shared = std::shared_ptr<Arguments>;

Task<int> run_ls(Session& session, Shared a) {
  GODWIT_CO_TRY(const std::unique_ptr<Store> store, session.open_tree(a->location, Role::source));
  ListOptions options;
  options.depth = a->recursive ? Depth::all : Depth::level;
  const std::unique_ptr<Listing> listing = store->list(options);
  const Detail detail = a->long_format ? Detail::verbose : Detail::normal;
  for (;;) {
    GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(session.context()));
    if (page.empty()) co_return kDone;
    for (const ListEntry& entry : page) session.output().entry(entry, detail);
  }
}

struct OpenObject {
  std::unique_ptr<Store> store;
  std::string key;
};

Result<OpenObject> open_object(Session& session, const std::string& text) {
  GODWIT_TRY(Location location, session.locate(text, Names::object));
  OpenObject object;
  object.key = location.key;
  GODWIT_TRY(object.store, session.open(std::move(location.spec), Role::source));
  return object;
}

Result<OpenObject> open_destination(Session& session, const std::string& text,
                                    const std::string& source) {
  const std::string name = source.substr(source.find_last_of('/') + 1);
  GODWIT_TRY(Location location, session.locate_destination(text, name));
  OpenObject object;
  object.key = location.key;
  GODWIT_TRY(object.store, session.open(std::move(location.spec), Role::target));
  return object;
}

Task<int> run_head(Session& session, Shared a) {
  GODWIT_CO_TRY(const OpenObject object, open_object(session, a->location));
  GODWIT_CO_TRY(const ObjectInfo info, co_await object.store->head(session.context(), object.key));
  session.output().info(info);
  co_return kDone;
}

Task<int> run_cat(Session& session, Shared a) {
  GODWIT_CO_TRY(const OpenObject object, open_object(session, a->location));
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await object.store->get(session.context(), object.key, options));
  std::string buffer(kBuffer, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(buffer));
  for (;;) {
    GODWIT_CO_TRY(const std::size_t count, co_await got.body->read(space));
    if (count == 0) co_return kDone;
    session.streams().out.write(buffer.data(), static_cast<std::streamsize>(count));
    // The reader has gone (`| head`): that is its right.
    if (!session.streams().out) co_return kDone;
  }
}

Task<int> run_get(Session& session, Shared a) {
  if (a->file == "-") co_return co_await run_cat(session, a);
  GODWIT_CO_TRY(const OpenObject from, open_object(session, a->location));
  const std::string target = a->file.empty() ? "./" : a->file;
  GODWIT_CO_TRY(const OpenObject to, open_destination(session, target, from.key));
  GODWIT_CO_TRY(const ObjectInfo info, co_await from.store->head(session.context(), from.key));
  const transfer::TransferOptions options;
  transfer::Progress progress;
  transfer::Slots slots(session.world(), std::nullopt);
  const transfer::CopyResources resources{session.world(), slots, progress, session.output()};
  transfer::Copier copier(transfer::StorePair{*from.store, *to.store}, options, resources);
  const ListEntry entry{info.key, info.size, info.etag, info.modified, false};
  GODWIT_CO_CHECK(co_await copier.copy(session.context(), entry, to.key));
  co_return kDone;
}

Result<PutOptions> parse_put(const Arguments& a) {
  PutOptions options;
  options.metadata.content_type = a.content_type;
  for (const std::string& item : a.metadata) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Error(Code::invalid_argument, "'" + item + "' is no metadata")
                      .with_hint("write --metadata NAME=VALUE"));
    }
    std::string name = item.substr(0, equals);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    options.metadata.user[name] = item.substr(equals + 1);
  }
  return options;
}

/// Reads up to a part of standard input, on the blocking pool.
asio::awaitable<std::string> read_stdin(World& world) {
  auto work = [] {
    std::string bytes(kStdinPart, '\0');
    std::cin.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::cin.gcount()));
    return bytes;
  };
  co_return co_await run_blocking(world, std::move(work));
}

Task<void> upload_parts(Session& session, const OpenObject& to, const UploadId& upload,
                        std::string bytes, std::vector<PartInfo>& parts) {
  Bytes offset = 0;
  while (!bytes.empty()) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    const PartPlace place{static_cast<std::uint32_t>(parts.size() + 1), offset};
    const Upload part{&body, size};
    GODWIT_CO_TRY(PartInfo info,
                  co_await to.store->multipart()->put_part(session.context(), upload, place, part));
    parts.push_back(std::move(info));
    offset += size;
    bytes = co_await read_stdin(session.world());
  }
  co_return Result<void>();
}

/// The size is not known: what fits one part is put at once, more goes up in parts.
Task<int> put_stdin(Session& session, const OpenObject& to, const PutOptions& options) {
  std::string first = co_await read_stdin(session.world());
  if (first.size() < kStdinPart || to.store->multipart() == nullptr) {
    const Bytes size = first.size();
    MemoryBody body(std::move(first));
    const Upload upload{&body, size};
    GODWIT_CO_CHECK(co_await to.store->put(session.context(), to.key, upload, options));
    co_return kDone;
  }
  GODWIT_CO_TRY(const UploadId upload,
                co_await to.store->multipart()->create(session.context(), to.key, options));
  std::vector<PartInfo> parts;
  Result<void> sent = co_await upload_parts(session, to, upload, std::move(first), parts);
  if (sent) {
    const Result<PutResult> stored =
        co_await to.store->multipart()->complete(session.context(), upload, parts, options);
    if (!stored) sent = fail(Error(stored.error()));
  }
  if (sent) co_return kDone;
  const Context last(session.world());
  (void)co_await to.store->multipart()->abort(last, upload);
  co_return fail(std::move(sent).error());
}

Task<int> run_put(Session& session, Shared a) {
  GODWIT_CO_TRY(PutOptions options, parse_put(*a));
  const std::string name = a->file == "-" ? "stdin" : a->file;
  GODWIT_CO_TRY(const OpenObject to, open_destination(session, a->location, name));
  if (a->file == "-") co_return co_await put_stdin(session, to, options);
  GODWIT_CO_TRY(const OpenObject from, open_object(session, a->file));
  const GetOptions get;
  GODWIT_CO_TRY(GetResult got, co_await from.store->get(session.context(), from.key, get));
  options.modified = got.info.modified;
  transfer::HashingBody hashing(*got.body, std::nullopt, {});
  const Upload upload{&hashing, got.info.size};
  GODWIT_CO_TRY(const PutResult stored,
                co_await to.store->put(session.context(), to.key, upload, options));
  if (to.store->capabilities().put_tells_md5 && stored.etag != hashing.etag()) {
    co_return fail(Error(Code::corrupted, "the store has other bytes than were sent")
                       .at(place_of(*to.store, "put", to.key)));
  }
  co_return kDone;
}

Task<std::size_t> remove_batch(Session& session, Store& store, std::vector<std::string> keys,
                               const Arguments& a) {
  std::size_t failed = 0;
  const std::size_t step = store.capabilities().max_removes;
  for (std::size_t at = 0; at < keys.size(); at += step) {
    const std::span batch = std::span(keys).subspan(at, std::min(step, keys.size() - at));
    std::vector<Result<void>> outcome(batch.size());
    if (!a.dry_run) {
      GODWIT_CO_TRY(outcome, co_await store.remove(session.context(), batch));
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!outcome[i]) {
        ++failed;
        session.output().error(outcome[i].error());
      } else if (a.dry_run || session.output().detail() == Detail::verbose) {
        session.output().line((a.dry_run ? "would_delete " : "deleted ") + printable(batch[i]));
      }
    }
  }
  co_return failed;
}

Task<int> run_rm_tree(Session& session, const Arguments& a) {
  if (!a.yes && !a.dry_run) {
    co_return fail(Error(Code::invalid_argument, "rm --recursive deletes all below " + a.location)
                       .with_hint("look at it with --dry-run, then say --yes"));
  }
  GODWIT_CO_TRY(const std::unique_ptr<Store> store, session.open_tree(a.location, Role::source));
  ListOptions options;
  options.page_size = kRemoveBatch;
  const std::unique_ptr<Listing> listing = store->list(options);
  std::size_t failed = 0;
  for (;;) {
    GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(session.context()));
    if (page.empty()) break;
    std::vector<std::string> keys;
    for (const ListEntry& entry : page) keys.push_back(entry.key);
    GODWIT_CO_TRY(const std::size_t bad,
                  co_await remove_batch(session, *store, std::move(keys), a));
    failed += bad;
  }
  co_return failed > 0 ? kPartial : kDone;
}

Task<int> run_rm(Session& session, Shared a) {
  if (a->recursive) co_return co_await run_rm_tree(session, *a);
  GODWIT_CO_TRY(const OpenObject object, open_object(session, a->location));
  // S3 calls the removal of nothing a success; a person who mistyped wants to know.
  GODWIT_CO_CHECK(co_await object.store->head(session.context(), object.key));
  std::vector<std::string> keys = {object.key};
  GODWIT_CO_TRY(const std::size_t failed,
                co_await remove_batch(session, *object.store, std::move(keys), *a));
  co_return failed > 0 ? kFatal : kDone;
}

using Runner = Task<int> (*)(Session&, Shared);

CLI::App& add(CLI::App& app, Chosen& chosen, const Shared& a, const char* name, const char* help,
              Runner runner) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.callback([&chosen, a, runner] {
    chosen = [a, runner](Session& session) { return runner(session, a); };
  });
  return command;
}

}  // namespace

void add_object_commands(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<Arguments>();
  CLI::App& ls = add(app, chosen, a, "ls", "list keys", run_ls);
  ls.add_option("LOCATION", a->location, "what to list")->required();
  ls.add_flag("-l,--long", a->long_format, "with sizes and times (UTC)");
  ls.add_flag("-r,--recursive", a->recursive, "also below further '/'");
  ls.footer("\nExamples:\n  godwit ls -l s3://b/logs\n  godwit ls -r --json /srv/data");

  a = std::make_shared<Arguments>();
  CLI::App& cat = add(app, chosen, a, "cat", "print an object", run_cat);
  cat.add_option("OBJECT", a->location, "what to print")->required();
  cat.footer("\nExamples:\n  godwit cat s3://b/a.log | grep error");

  a = std::make_shared<Arguments>();
  CLI::App& get = add(app, chosen, a, "get", "fetch an object into a file", run_get);
  get.add_option("OBJECT", a->location, "what to fetch")->required();
  get.add_option("FILE", a->file, "where to (default: its name here; '-': standard output)");
  get.footer("\nExamples:\n  godwit get s3://b/a.iso\n  godwit get s3://b/a.tar - | tar t");

  a = std::make_shared<Arguments>();
  CLI::App& put = add(app, chosen, a, "put", "store a file as an object", run_put);
  put.add_option("FILE", a->file, "what to store ('-': standard input)")->required();
  put.add_option("OBJECT", a->location, "where to; a '/' at its end keeps the file's name")
      ->required();
  put.add_option("--content-type", a->content_type, "such as text/plain");
  put.add_option("--metadata", a->metadata, "user metadata NAME=VALUE, any number of times");
  put.footer("\nExamples:\n  godwit put a.iso s3://b/\n  tar c /etc | godwit put - s3://b/etc.tar");

  a = std::make_shared<Arguments>();
  CLI::App& head = add(app, chosen, a, "head", "show what a store knows of an object", run_head);
  head.add_option("OBJECT", a->location, "which")->required();
  head.footer("\nExamples:\n  godwit head s3://b/a.iso\n  godwit head --json /srv/data/a");

  a = std::make_shared<Arguments>();
  CLI::App& rm = add(app, chosen, a, "rm", "remove objects", run_rm);
  rm.add_option("LOCATION", a->location, "an object, or with --recursive a tree")->required();
  rm.add_flag("-r,--recursive", a->recursive, "everything below");
  rm.add_flag("--yes", a->yes, "with --recursive: yes, really");
  rm.add_flag("-n,--dry-run", a->dry_run, "say what would go, and remove nothing");
  rm.footer("\nExamples:\n  godwit rm s3://b/a.iso\n  godwit rm -r -n s3://b/tmp");
}

}  // namespace godwit::cli
