// The bounded queue: full by weight, not by number, and empty again when its items are taken.
#include "base/queue.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

struct ItsValue {
  std::size_t operator()(const int& item) const { return static_cast<std::size_t>(item); }
};

TEST(BoundedQueue, IsFullByWeight) {
  BoundedQueue<int, ItsValue> queue(10);
  EXPECT_TRUE(queue.TryPush(4));
  EXPECT_TRUE(queue.TryPush(5));
  EXPECT_TRUE(queue.TryPush(100));  // there was room, however little
  EXPECT_FALSE(queue.TryPush(1));
  EXPECT_EQ(queue.Pop({}, 1s), 4);
  EXPECT_FALSE(queue.TryPush(1));
  EXPECT_EQ(queue.Pop({}, 1s), 5);
  EXPECT_EQ(queue.Pop({}, 1s), 100);
  EXPECT_TRUE(queue.TryPush(1));
  queue.Clear();
  EXPECT_TRUE(queue.TryPush(10));
  EXPECT_FALSE(queue.TryPush(10));
}

TEST(BoundedQueue, ClosedGivesWhatIsLeftAndThenTheEnd) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  queue.Close();
  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_FALSE(queue.Done());
  EXPECT_EQ(queue.Pop({}, 1s), 1);
  EXPECT_EQ(queue.Pop({}, 1s), std::nullopt);
  EXPECT_TRUE(queue.Done());
}

}  // namespace
}  // namespace cryptostream
