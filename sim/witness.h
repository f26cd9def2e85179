#pragma once

#include <functional>
#include <memory>

#include "sim/history.h"
#include "store/store.h"

namespace godwit::sim {

/// What a witness tells, and asks.
struct Testimony {
  /// Called at each call: the process may end in it.
  std::function<void()> step;
  /// True from the end of the process on: no call has an effect, nobody hears an answer.
  std::function<bool()> dead;
  Acknowledged* acknowledged = nullptr;
  Parts* parts = nullptr;
  /// Called with the key of each put that took effect, heard or not.
  std::function<void(const std::string&)> wrote;
};

/// Stands right before a store: takes down what it answers, and lets a process die at any call.
[[nodiscard]] std::unique_ptr<Store> with_witness(std::unique_ptr<Store> inner,
                                                  Testimony testimony);

}  // namespace godwit::sim
