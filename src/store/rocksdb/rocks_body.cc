#include "store/rocksdb/rocks_body.h"

#include <algorithm>
#include <utility>

namespace godwit::rocks {
namespace {

class Pin {
 public:
  Pin(std::shared_ptr<Tables> tables, std::vector<Run> runs)
      : tables_(std::move(tables)), runs_(std::move(runs)) {}
  Pin(Pin&&) = delete;
  ~Pin() { tables_->bodies.unpin(runs_); }

 private:
  std::shared_ptr<Tables> tables_;
  std::vector<Run> runs_;
};

class RocksBody final : public Body {
 public:
  RocksBody(const Calls& calls, const Reading& reading, ByteRange range, Where place)
      : calls_(calls), reading_(reading), range_(range), place_(std::move(place)) {
    seek();
  }

  Task<std::size_t> read(MutableByteSpan into) override {
    if (done_ == range_.size) co_return std::size_t{0};
    if (in_chunk_ == chunk_.size()) GODWIT_CO_CHECK(co_await load());
    const Bytes left = std::min<Bytes>(chunk_.size() - in_chunk_, range_.size - done_);
    const auto count = static_cast<std::size_t>(std::min<Bytes>(into.size(), left));
    std::copy_n(as_bytes(chunk_).begin() + static_cast<std::ptrdiff_t>(in_chunk_), count,
                into.begin());
    in_chunk_ += count;
    done_ += count;
    co_return count;
  }

  Result<void> rewind() override {
    done_ = 0;
    seek();
    return {};
  }

 private:
  /// To the run in which the range begins.
  void seek() {
    chunk_.clear();
    in_chunk_ = run_ = 0;
    in_run_ = range_.offset;
    const std::vector<Run>& runs = reading_.header.runs;
    while (run_ < runs.size() && in_run_ >= runs[run_].size) in_run_ -= runs[run_++].size;
  }

  /// The chunk at the position, which goes on behind it.
  Task<void> load() {
    if (run_ == reading_.header.runs.size()) {
      co_return fail(Error(Code::corrupted, "the body is shorter than its size").at(place_));
    }
    const Run run = reading_.header.runs[run_];
    auto work = [run, index = static_cast<std::uint32_t>(in_run_ / kChunk)](
                    const std::shared_ptr<Tables>& tables) {
      return tables->bodies.chunk(run, index);
    };
    Result<std::string> chunk = co_await calls_.run(std::move(work));
    if (!chunk) co_return fail(std::move(chunk).error().at(place_));
    chunk_ = *std::move(chunk);
    in_chunk_ = static_cast<std::size_t>(in_run_ % kChunk);
    in_run_ += chunk_.size() - in_chunk_;
    if (in_run_ == run.size) {
      ++run_;
      in_run_ = 0;
    }
    co_return Result<void>();
  }

  const Calls calls_;
  Reading reading_;
  ByteRange range_;
  Where place_;
  Bytes done_ = 0;
  std::size_t run_ = 0;  // where the next chunk is
  Bytes in_run_ = 0;
  std::string chunk_;
  std::size_t in_chunk_ = 0;
};

}  // namespace

Result<Reading> begin_reading(const std::shared_ptr<Tables>& tables, const std::string& key) {
  GODWIT_TRY(Header header, tables->objects.find_and_pin(key));
  auto pin = std::make_shared<Pin>(tables, header.runs);
  return Reading{std::move(header), std::move(pin)};
}

std::unique_ptr<Body> make_body(const Calls& calls, const Reading& reading, ByteRange range,
                                Where place) {
  return std::make_unique<RocksBody>(calls, reading, range, std::move(place));
}

}  // namespace godwit::rocks
