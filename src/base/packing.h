#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

/// Values packed one behind the other, without names and types: what reads them knows their order.
namespace godwit {

class Packer {
 public:
  /// Seven bits a byte, the lowest first; all but the last have the eighth set.
  void add(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) packed_ += static_cast<char>(number | 0x80);
    packed_ += static_cast<char>(number);
  }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    packed_ += text;
  }
  void add(const std::map<std::string, std::string>& pairs) {
    add(std::uint64_t{pairs.size()});
    for (const auto& [name, value] : pairs) {
      add(std::string_view(name));
      add(std::string_view(value));
    }
  }
  void reserve(std::size_t size) { packed_.reserve(size); }
  [[nodiscard]] std::string take() { return std::move(packed_); }

 private:
  std::string packed_;
};

/// What a Packer wrote. After the end, and after nonsense, all is empty and `whole` is false.
class Unpacker {
 public:
  explicit Unpacker(std::string_view packed) : rest_(packed) {}

  [[nodiscard]] std::uint64_t number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      number |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return number;
    }
    return broken();
  }
  [[nodiscard]] std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) broken();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return std::string(text);
  }
  [[nodiscard]] std::map<std::string, std::string> pairs() {
    std::map<std::string, std::string> pairs;
    for (std::uint64_t left = number(); left > 0 && !broken_; --left) {
      std::string name = text();
      pairs[std::move(name)] = text();
    }
    return pairs;
  }
  /// All was there, and nothing else.
  [[nodiscard]] bool whole() const { return !broken_ && rest_.empty(); }
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  std::uint64_t broken() {
    broken_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace godwit
