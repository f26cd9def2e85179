#pragma once

namespace godwit {

/// For programs of ours, before they begin threads. Those mostly wait: a heap for each CPU is
/// enough for all of them, and what every further one costs is memory (mallopt(3), M_ARENA_MAX).
/// Large buffers get pages of their own, which they give back: once one was freed that was larger,
/// they would come out of the heaps, and leave holes there between what lasts (M_MMAP_THRESHOLD).
/// Effect: of the whole process.
void limit_heaps();

}  // namespace godwit
