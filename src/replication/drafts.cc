#include "replication/drafts.h"

#include <utility>

namespace godwit::replication {
namespace {

asio::awaitable<void> send(std::shared_ptr<Drafts::Draft> draft) { co_await draft->upload.run(); }

asio::awaitable<void> abandon(std::shared_ptr<Drafts::Draft> draft) {
  co_await draft->upload.abandon();
}

}  // namespace

std::shared_ptr<Drafts::Draft> Drafts::begin(const Name& name, Store& store, PutOptions options,
                                             Duration patience) {
  if (drafts_.size() >= kMost) return nullptr;
  auto draft =
      std::make_shared<Draft>(Context(world_), store, name.key, std::move(options), patience);
  drafts_[name] = draft;
  tasks_.spawn(send(draft));
  return draft;
}

std::shared_ptr<Drafts::Draft> Drafts::take(const Name& name) {
  auto found = drafts_.extract(name);
  return found ? std::move(found.mapped()) : nullptr;
}

void Drafts::put_back(const Name& name, std::shared_ptr<Draft> draft) {
  drafts_[name] = std::move(draft);
}

void Drafts::free(std::shared_ptr<Draft> draft) { tasks_.spawn(abandon(std::move(draft))); }

void Drafts::drop(const Name& name) {
  if (auto draft = take(name)) free(std::move(draft));
}

void Drafts::drop_up_to(const Name& name) {
  const Name first{.target = name.target, .key = name.key, .version = {}};
  auto draft = drafts_.lower_bound(first);
  while (draft != drafts_.end() && draft->first <= name) {
    free(std::move(draft->second));
    draft = drafts_.erase(draft);
  }
}

void Drafts::drop_target(const std::string& target) {
  auto draft = drafts_.lower_bound({.target = target, .key = {}, .version = {}});
  while (draft != drafts_.end() && draft->first.target == target) {
    free(std::move(draft->second));
    draft = drafts_.erase(draft);
  }
}

void Drafts::drop_all() {
  for (auto& [name, draft] : drafts_) free(std::move(draft));
  drafts_.clear();
}

asio::awaitable<void> Drafts::stop() {
  drop_all();
  co_await tasks_.join();
}

}  // namespace godwit::replication
