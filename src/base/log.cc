#include "godwit/log.h"

namespace godwit {
namespace {

class NullLog final : public LogSink {
 public:
  [[nodiscard]] bool wants(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

LogSink& null_log() {
  static NullLog sink;
  return sink;
}

}  // namespace godwit
