#include <bit>

#include "node/traffic/schedule.h"

namespace soliton {
namespace {

std::uint32_t all_others(Rank me) { return me.of - 1; }
std::uint32_t doublings(Rank me) { return tree_depth(me.of); }
std::uint32_t twice_all_others(Rank me) { return 2 * (me.of - 1); }

// What `rank` holds before step `step` of doubling.
Parts group(std::uint32_t rank, std::uint32_t step) {
  return {rank >> step << step, std::uint32_t{1} << step};
}

Step doubling_step(Rank me, std::uint32_t step) {
  const std::uint32_t peer = me.number ^ (1U << step);
  return {.to = peer, .sent = group(me.number, step), .from = peer, .received = group(peer, step)};
}

// Step `step` of halving: the half with the peer goes, that with this rank comes.
Step halving_step(Rank me, std::uint32_t step) {
  const std::uint32_t bit = doublings(me) - 1 - step;
  const std::uint32_t peer = me.number ^ (1U << bit);
  return {.to = peer,
          .sent = group(peer, bit),
          .from = peer,
          .received = group(me.number, bit),
          .combine = bit == 0 ? Combine::kLastAdd : Combine::kAdd};
}

// Part `first` of this rank in step 0, the one before in the next step, and so on.
Step round_the_ring(Rank me, std::uint32_t step, std::uint32_t first, Combine combine) {
  const std::uint32_t sent = (first + me.of - step % me.of) % me.of;
  return {.to = me.after(1),
          .sent = {sent},
          .from = me.before(1),
          .received = {(sent + me.of - 1) % me.of},
          .combine = combine,
          .drops = true};
}

Combine adding(Rank me, std::uint32_t step) {
  return step + 2 == me.of ? Combine::kLastAdd : Combine::kAdd;
}

// ---- A binomial tree: the parent of a rank is that without its lowest bit.

std::uint32_t child_bits(Rank me) {
  return me.number == 0 ? tree_depth(me.of)
                        : static_cast<std::uint32_t>(std::countr_zero(me.number));
}
std::uint32_t children(Rank me) {
  std::uint32_t count = 0;
  while (count < child_bits(me) && me.number + (std::uint64_t{1} << count) < me.of) ++count;
  return count;
}
std::uint32_t child(Rank me, std::uint32_t number) { return me.number + (1U << number); }
std::uint32_t parent(Rank me) { return me.number & (me.number - 1); }
// The ranks below `rank`, itself included.
Parts below(Rank rank) {
  const std::uint32_t most = rank.of - rank.number;
  const std::uint32_t bits = child_bits(rank);
  return {rank.number, bits < 32 && (1U << bits) < most ? 1U << bits : most};
}

// First the children's sums come, then that of all goes to the parent.
std::uint32_t steps_up(Rank me) { return children(me) + (me.number != 0); }
Step step_up(Rank me, std::uint32_t step) {
  const Parts all{0, me.of};
  if (step == children(me)) return {.to = parent(me), .sent = all, .drops = true};
  const bool last = me.number == 0 && step + 1 == children(me);
  return {.from = child(me, step),
          .received = all,
          .combine = last ? Combine::kLastAdd : Combine::kAdd};
}

// The child with the most ranks below it is served first.
struct Down {
  std::uint32_t from = kNoRank, to = kNoRank;
};
std::uint32_t steps_down(Rank me) { return children(me) + (me.number != 0); }
Down step_down(Rank me, std::uint32_t step) {
  if (me.number != 0 && step == 0) return {.from = parent(me)};
  const std::uint32_t served = step - (me.number != 0);
  return {.to = child(me, children(me) - 1 - served)};
}

std::uint32_t steps_up_and_down(Rank me) { return steps_up(me) + steps_down(me); }

// ---- A chain: what came in a step goes on in the next one.

std::uint32_t chain_steps(Rank me, std::uint32_t parts) {
  return parts + (me.number != 0 && me.number + 1 != me.of);
}
Step chain_step(Rank me, std::uint32_t parts, std::uint32_t step) {
  Step out{.drops = true};
  if (me.number == 0) {
    out.to = 1;
    out.sent = {step};
    return out;
  }
  if (step < parts) out.from = me.number - 1, out.received = {step};
  if (step > 0 && me.number + 1 != me.of) out.to = me.number + 1, out.sent = {step - 1};
  return out;
}

}  // namespace

Schedule direct_gather() {
  return {.steps = all_others,
          .step =
              [](Rank me, std::uint32_t step) {
                return Step{.to = me.after(1 + step),
                            .sent = {me.number},
                            .from = me.before(1 + step),
                            .received = {me.before(1 + step)}};
              },
          .ordered = false};
}

Schedule ring_gather() {
  return {.steps = all_others,
          .step = [](Rank me,
                     std::uint32_t s) { return round_the_ring(me, s, me.number, Combine::kCopy); },
          .one_receiver = true};
}

Schedule doubling_gather() { return {.steps = doublings, .step = doubling_step}; }

Schedule direct_exchange() {
  Schedule out = pairwise_exchange();
  out.ordered = false;
  return out;
}

Schedule pairwise_exchange() {
  return {.steps = all_others, .step = [](Rank me, std::uint32_t step) {
            const std::uint32_t to = me.after(1 + step);
            return Step{
                .to = to, .sent = {to}, .from = me.before(1 + step), .received = {me.number}};
          }};
}

Schedule ring_reduce() {
  return {.steps = twice_all_others,
          .step =
              [](Rank me, std::uint32_t step) {
                const std::uint32_t turn = me.of - 1;
                return step < turn ? round_the_ring(me, step, me.number, adding(me, step))
                                   : round_the_ring(me, step - turn, me.after(1), Combine::kCopy);
              },
          .one_receiver = true};
}

Schedule halving_doubling_reduce() {
  return {.steps = [](Rank me) { return 2 * doublings(me); },
          .step =
              [](Rank me, std::uint32_t step) {
                return step < doublings(me) ? halving_step(me, step)
                                            : doubling_step(me, step - doublings(me));
              }};
}

Schedule tree_reduce() {
  return {.steps = steps_up_and_down, .step = [](Rank me, std::uint32_t step) {
            if (step < steps_up(me)) return step_up(me, step);
            const Down down = step_down(me, step - steps_up(me));
            const Parts all{0, me.of};
            return Step{.to = down.to, .sent = all, .from = down.from, .received = all};
          }};
}

Schedule ring_reduce_scatter() {
  return {.steps = all_others,
          .step =
              [](Rank me, std::uint32_t step) {
                return round_the_ring(me, step, me.before(1), adding(me, step));
              },
          .one_receiver = true};
}

Schedule halving_reduce_scatter() { return {.steps = doublings, .step = halving_step}; }

Schedule tree_reduce_scatter() {
  return {
      .steps = steps_up_and_down, .step = [](Rank me, std::uint32_t step) {
        if (step < steps_up(me)) return step_up(me, step);
        const Down down = step_down(me, step - steps_up(me));
        const std::uint32_t to = down.to == kNoRank ? me.number : down.to;
        return Step{
            .to = down.to, .sent = below({to, me.of}), .from = down.from, .received = below(me)};
      }};
}

Schedule tree_broadcast() {
  return {.steps = steps_down, .step = [](Rank me, std::uint32_t step) {
            const Down down = step_down(me, step);
            return Step{.to = down.to, .from = down.from};
          }};
}

Schedule chain_broadcast() {
  return {.steps = [](Rank me) { return chain_steps(me, me.of); },
          .step = [](Rank me, std::uint32_t step) { return chain_step(me, me.of, step); },
          .one_receiver = true};
}

Schedule chain() {
  return {.steps = [](Rank me) { return chain_steps(me, 1); },
          .step = [](Rank me, std::uint32_t step) { return chain_step(me, 1, step); },
          .one_receiver = true};
}

// Rank 0 waits for what it has sent; the others hand on what they got.
Schedule lap() {
  return {.steps = [](Rank me) { return me.number == 0 ? 1U : 2U; },
          .step =
              [](Rank me, std::uint32_t step) {
                Step out{.drops = true};
                if (me.number == 0 || step == 1) out.to = me.after(1);
                if (step == 0) out.from = me.before(1);
                return out;
              },
          .one_receiver = true};
}

}  // namespace soliton
