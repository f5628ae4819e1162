#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// Names the calling thread, as `top -H`, perf and debuggers show it: at most 15 characters.
void NameThread(const char* name);

// Threads that work is shared by: the machine's cores, 8 at most.
inline std::size_t SharedBy() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8); }

// Calls work(0) to work(count - 1), each once, on as many threads as there are cores, the caller's among them, and returns when all are
// done. Where no thread is to be had, the caller does all of it. Requires: no call needs another one, and none throws.
template <class Work>
void SideBySide(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next = 0;
  auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> threads;
  try {
    while (threads.size() + 1 < std::min(count, SharedBy())) threads.emplace_back(take);
  } catch (const std::system_error&) {  // no thread: the others take more
  }
  take();
}

// The same for calls that give a Result: all values in order, or the first error of that order.
template <class Value, class Work>
Result<std::vector<Value>> AllSideBySide(std::size_t count, const Work& work) {
  std::vector<Result<Value>> results(count);
  SideBySide(count, [&](std::size_t i) { results[i] = work(i); });
  std::vector<Value> values;
  values.reserve(count);
  for (Result<Value>& each : results) {
    CS_ASSIGN(Value value, std::move(each));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace cryptostream
