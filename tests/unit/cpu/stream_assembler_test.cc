// Arrays that FPGAs send in slices, a message for each token: what is put together, and when.
#include "node/cpu/stream_assembler.h"

#include <gtest/gtest.h>

#include "protocol/tensor/half.h"

namespace soliton {
namespace {

using Values = std::vector<float>;

DataMessage message(std::uint16_t port, std::uint32_t request, const Values& values) {
  DataMessage out;
  out.header.port = port;
  out.header.request = RequestId{request};
  std::vector<Half> halves;
  for (const float value : values) halves.push_back(to_half(value));
  out.vectors.append(std::as_bytes(std::span(halves)));
  return out;
}
DataMessage ghost(std::uint16_t port, std::uint32_t request, std::uint64_t elements) {
  DataMessage out = message(port, request, {});
  out.header.functional = false;
  out.vectors.ghost = elements * sizeof(Half);
  return out;
}

// Two tokens of three values: the first value comes to port 4, the others to port 5, last token
// first.
StreamIn two_slices() {
  StreamIn stream;
  stream.first_port = 4;
  stream.slices = {{0, 1, false}, {1, 2, true}};
  stream.shape = {2, 1, 3};
  stream.tokens = 2;
  return stream;
}

Values values_of(const ir::Array& array) {
  const auto values = array.as<float>();
  return {values.begin(), values.end()};
}

TEST(StreamAssembler, PutsSlicesOfEachTokenTogether) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 1);
  EXPECT_FALSE(assembler.has_port(3));
  EXPECT_TRUE(assembler.has_port(4));
  EXPECT_TRUE(assembler.has_port(5));
  EXPECT_FALSE(assembler.has_port(6));
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1}), Instant{nanoseconds(1)}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {5, 6}), Instant{nanoseconds(2)}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {2, 3}), Instant{nanoseconds(7)}));
  EXPECT_FALSE(assembler.poll());
  EXPECT_TRUE(assembler.on_message(message(4, 0, {4}), Instant{nanoseconds(9)}));
  const std::optional<StreamAssembler::Done> done = assembler.poll();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->request, 0u);
  EXPECT_EQ(done->lanes.front().shape(), (ir::Shape{2, 1, 3}));
  EXPECT_EQ(values_of(done->lanes.front()), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(done->arrival.at, Instant{nanoseconds(9)});
  EXPECT_EQ(done->arrival.path.network, nanoseconds(9));
  EXPECT_FALSE(assembler.poll());
}

TEST(StreamAssembler, TheLatestMessageIsTheCriticalPath) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 1);
  const auto take = [&](DataMessage sent, Duration compute, Duration at) {
    sent.header.started = Instant{nanoseconds(100)};
    sent.header.path.compute = compute;
    ASSERT_TRUE(assembler.on_message(sent, Instant{at}));
  };
  take(message(4, 0, {1}), nanoseconds(50), nanoseconds(200));
  take(message(4, 0, {4}), nanoseconds(90), nanoseconds(200));
  take(message(5, 0, {5, 6}), nanoseconds(10), nanoseconds(190));
  take(message(5, 0, {2, 3}), nanoseconds(20), nanoseconds(195));
  const std::optional<StreamAssembler::Done> done = assembler.poll();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->started, Instant{nanoseconds(100)});
  EXPECT_EQ(done->arrival.at, Instant{nanoseconds(200)});
  EXPECT_EQ(done->arrival.path.compute, nanoseconds(90));
  EXPECT_EQ(done->arrival.path.network, nanoseconds(10));
}

TEST(StreamAssembler, RequestsAreCompleteInOrder) {
  StreamIn stream = two_slices();
  stream.tokens = 1;
  stream.shape = {3};
  StreamAssembler assembler(stream, 1);
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1}), {}));
  EXPECT_TRUE(assembler.on_message(message(4, 1, {10}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 1, {20, 30}), {}));
  EXPECT_FALSE(assembler.poll());
  EXPECT_TRUE(assembler.on_message(message(5, 0, {2, 3}), {}));
  EXPECT_EQ(values_of(assembler.poll()->lanes.front()), (Values{1, 2, 3}));
  EXPECT_EQ(values_of(assembler.poll()->lanes.front()), (Values{10, 20, 30}));
}

TEST(StreamAssembler, OneMessageWithoutValuesLeavesTheArrayUnknown) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 1);
  EXPECT_TRUE(assembler.on_message(ghost(4, 0, 1), {}));
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1}), {}));
  // Over a socket a ghost arrives as zeros, and the header says what they are.
  DataMessage zeros = message(5, 0, {0, 0});
  zeros.header.functional = false;
  EXPECT_TRUE(assembler.on_message(zeros, {}));
  EXPECT_TRUE(assembler.on_message(ghost(5, 0, 2), {}));
  const std::optional<StreamAssembler::Done> done = assembler.poll();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->lanes.front().known());
  EXPECT_EQ(done->lanes.front().shape(), (ir::Shape{2, 1, 3}));
}

TEST(StreamAssembler, RefusesWhatNobodyWaitsFor) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 1);
  EXPECT_FALSE(assembler.on_message(message(4, 0, {1, 2}), {}));  // another slice's size
  EXPECT_FALSE(assembler.on_message(ghost(5, 0, 1), {}));
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1}), {}));
  EXPECT_TRUE(assembler.on_message(message(4, 0, {4}), {}));
  EXPECT_FALSE(assembler.on_message(message(4, 0, {7}), {}));  // a third of two tokens
  EXPECT_TRUE(assembler.on_message(message(5, 0, {5, 6}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {2, 3}), {}));
  EXPECT_EQ(values_of(assembler.poll()->lanes.front()), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_FALSE(assembler.on_message(message(5, 0, {2, 3}), {}));  // of a request that is over
}

TEST(StreamAssembler, SaysHowManyMessagesItWaitsFor) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 1);
  EXPECT_EQ(assembler.describe(), "");
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1}), {}));
  EXPECT_EQ(assembler.describe(),
            "an array [2, 1, 3] from FPGAs waits for 3 of 4 messages of request 0: 1 at port 4, 2 "
            "at port 5");
  EXPECT_TRUE(assembler.on_message(message(4, 0, {4}), {}));
  EXPECT_EQ(assembler.describe(),
            "an array [2, 1, 3] from FPGAs waits for 2 of 4 messages of request 0: 2 at port 5");
}

TEST(StreamRules, SlicesHoldEveryValueOfATokenOnce) {
  StreamIn stream = two_slices();
  EXPECT_EQ(broken_rule(stream), "");
  std::ranges::reverse(stream.slices);
  EXPECT_EQ(broken_rule(stream), "");
  const std::string not_once =
      "the slices of an array [2, 1, 3] do not hold each of the 3 values of a token once";
  stream.slices = {{0, 1, false}};
  EXPECT_EQ(broken_rule(stream), not_once);
  stream.slices = {{0, 2, false}, {1, 2, false}};
  EXPECT_EQ(broken_rule(stream), not_once);
  stream.slices = {{0, 1, false}, {1, 3, false}};
  EXPECT_EQ(broken_rule(stream), not_once);
  stream.slices = {};
  EXPECT_EQ(broken_rule(stream), not_once);
  stream = two_slices();
  for (const std::int64_t tokens : {-1, 0, 4}) {
    stream.tokens = tokens;
    EXPECT_EQ(broken_rule(stream), "an array [2, 1, 3] does not come from FPGAs as " +
                                       std::to_string(tokens) + " tokens");
  }
  stream.tokens = 2;
  stream.shape = {2, -1};
  EXPECT_NE(broken_rule(stream), "");
}

// A message has the slice of every lane, one after the other.
TEST(StreamAssembler, LanesAreTakenApart) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 3);
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1, 10}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {5, 6, 50, 60}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {2, 3, 20, 30}), {}));
  EXPECT_FALSE(assembler.poll());
  EXPECT_TRUE(assembler.on_message(message(4, 0, {4, 40}), {}));
  const std::optional<StreamAssembler::Done> done = assembler.poll();
  ASSERT_TRUE(done);
  ASSERT_EQ(done->lanes.size(), 2U);
  for (const ir::Array& lane : done->lanes) EXPECT_EQ(lane.shape(), (ir::Shape{2, 1, 3}));
  EXPECT_EQ(values_of(done->lanes[0]), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values_of(done->lanes[1]), (Values{10, 20, 30, 40, 50, 60}));
}

TEST(StreamAssembler, AllMessagesOfARequestHaveAsManyLanes) {
  const StreamIn stream = two_slices();
  StreamAssembler assembler(stream, 2);
  EXPECT_FALSE(assembler.on_message(message(4, 0, {1, 2, 3}), {}));  // more than there can be
  EXPECT_FALSE(assembler.on_message(message(4, 0, {}), {}));
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1, 10}), {}));
  EXPECT_FALSE(assembler.on_message(message(4, 0, {4}), {}));
  EXPECT_FALSE(assembler.on_message(message(5, 0, {5, 6}), {}));
  EXPECT_FALSE(assembler.on_message(message(5, 0, {5, 6, 50}), {}));
  // The next batch may be smaller.
  for (const std::uint16_t port : {4, 5, 4, 5})
    EXPECT_TRUE(assembler.on_message(message(port, 1, port == 4 ? Values{7} : Values{8, 9}), {}));
  EXPECT_EQ(assembler.describe(),
            "an array [2, 1, 3] from FPGAs waits for 3 of 4 messages of request 0: 1 at port 4, 2 "
            "at port 5");
  EXPECT_TRUE(assembler.on_message(message(4, 0, {4, 40}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {5, 6, 50, 60}), {}));
  EXPECT_TRUE(assembler.on_message(message(5, 0, {2, 3, 20, 30}), {}));
  EXPECT_EQ(assembler.poll()->lanes.size(), 2U);
  const std::optional<StreamAssembler::Done> second = assembler.poll();
  ASSERT_EQ(second->lanes.size(), 1U);
  EXPECT_EQ(values_of(second->lanes[0]), (Values{7, 8, 9, 7, 8, 9}));
}

TEST(StreamAssembler, LanesWithoutValuesAreAllUnknown) {
  StreamIn stream = two_slices();
  stream.tokens = 1;
  stream.shape = {3};
  StreamAssembler assembler(stream, 2);
  EXPECT_TRUE(assembler.on_message(message(4, 0, {1, 10}), {}));
  EXPECT_TRUE(assembler.on_message(ghost(5, 0, 4), {}));
  const std::optional<StreamAssembler::Done> done = assembler.poll();
  ASSERT_TRUE(done);
  ASSERT_EQ(done->lanes.size(), 2U);
  for (const ir::Array& lane : done->lanes) {
    EXPECT_FALSE(lane.known());
    EXPECT_EQ(lane.shape(), ir::Shape{3});
  }
}

// One token for each step, of which each request has its own number.
StreamIn each_step() {
  StreamIn stream = two_slices();
  stream.shape = {ir::kOpen, 1, 3};
  stream.tokens = 0;
  return stream;
}

TEST(StreamAssembler, RequestsHaveStepsOfTheirOwn) {
  const StreamIn stream = each_step();
  ASSERT_EQ(broken_rule(stream), "");
  StreamAssembler assembler(stream, 1);
  const auto take = [&](std::uint16_t port, std::uint32_t request, const Values& values,
                        std::uint16_t steps) {
    DataMessage sent = message(port, request, values);
    sent.header.steps = steps;
    return assembler.on_message(sent, Instant{nanoseconds(1)});
  };
  EXPECT_FALSE(take(4, 0, {1}, 0)) << "nobody knows how many will come";
  EXPECT_TRUE(take(4, 1, {7}, 1));
  EXPECT_TRUE(take(5, 1, {8, 9}, 1));
  EXPECT_FALSE(take(5, 1, {8, 9}, 1));
  EXPECT_TRUE(take(4, 0, {1}, 2));
  EXPECT_TRUE(take(5, 0, {5, 6}, 2));
  EXPECT_EQ(assembler.describe(),
            "an array [2, 1, 3] from FPGAs waits for 2 of 4 messages of request 0: 1 at port 4, "
            "1 at port 5");
  EXPECT_TRUE(take(4, 0, {4}, 2));
  EXPECT_TRUE(take(5, 0, {2, 3}, 2));
  const auto first = assembler.poll(), second = assembler.poll();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->steps, 2);
  EXPECT_EQ(first->lanes.front().shape(), (ir::Shape{2, 1, 3}));
  EXPECT_EQ(values_of(first->lanes.front()), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(second->steps, 1);
  EXPECT_EQ(second->lanes.front().shape(), (ir::Shape{1, 1, 3}));
  EXPECT_EQ(values_of(second->lanes.front()), (Values{7, 8, 9}));
}

TEST(StreamRules, OneExtentIsOpenWhereTokensAreSteps) {
  StreamIn stream = each_step();
  stream.tokens = 2;
  EXPECT_NE(broken_rule(stream), "");
  stream.tokens = 0;
  stream.shape = {ir::kOpen, ir::kOpen, 3};
  EXPECT_NE(broken_rule(stream), "");
  const ir::Array array = ir::Array::unknown(ir::ElementType::kFloat32, {2, 3});
  EXPECT_EQ(misfit({.tokens = 0, .offset = 1, .elements = 2}, array, 2), "");
  EXPECT_EQ(misfit({.tokens = 0, .offset = 1, .elements = 2}, array, 4),
            "an array [2, 3] does not go to FPGAs as 4 tokens");
}

TEST(StreamRules, ACutLiesWithinTheRowsOfItsArray) {
  const ir::Array array = ir::Array::unknown(ir::ElementType::kFloat32, {2, 3});
  EXPECT_EQ(misfit({.tokens = 2, .offset = 1, .elements = 2}, array, 0), "");
  EXPECT_EQ(misfit({.tokens = 1, .offset = 0, .elements = 6}, array, 0), "");
  EXPECT_EQ(misfit({.tokens = 2, .offset = 2, .elements = 2}, array, 0),
            "a token of an array [2, 3] has 3 values, not 2 from 2 on");
  EXPECT_EQ(misfit({.tokens = 4, .offset = 0, .elements = 1}, array, 0),
            "an array [2, 3] does not go to FPGAs as 4 tokens");
  EXPECT_NE(misfit({.tokens = 0, .elements = 1}, array, 0), "");
  EXPECT_NE(misfit({.tokens = 2, .elements = 0}, array, 0), "");
  EXPECT_NE(misfit({.tokens = 2, .offset = -1, .elements = 2}, array, 0), "");
}

}  // namespace
}  // namespace soliton
