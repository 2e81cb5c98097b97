// The `ltl` map of a cluster file.
#include <bit>

#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// Receiver bytes of two full windows: what `credit` and `store` must have for a window to be used,
// when the file does not say.
Bytes twice_the_window(const LtlOptions& ltl) {
  return {2 * std::int64_t{ltl.window} * (std::int64_t{ltl.mtu} + ltl.credit_overhead.count)};
}

void read_weights(MapReader& map, LtlOptions& out) {
  const YamlValue* list = map.find("weights");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList || list->items.size() > kWeightedChannels)
    return map.error("weights", fmt::format("not a list of up to {} weights, of channel 0, 1, ...",
                                            kWeightedChannels));
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Result<std::int64_t> weight = parse_integer(list->items[i].text);
    if (!weight || *weight < 1 || *weight > 255)
      return map.error("weights", fmt::format("\"{}\" is no whole number between 1 and 255",
                                              list->items[i].text));
    out.weights[i] = static_cast<std::uint8_t>(*weight);
  }
}

void read_misses(MapReader& map, LtlOptions& out) {
  std::string text;
  if (!map.text("misses", text)) return;
  const Result<std::int64_t> number = parse_integer(text);
  if (text == "off") {
    out.misses = 0;
  } else if (text == "auto") {
    out.misses = kMissesAuto;
  } else if (number && *number >= 1 && *number <= 1'000) {
    out.misses = static_cast<std::uint32_t>(*number);
  } else {
    map.error("misses",
              fmt::format("\"{}\" is neither off, auto, nor a number between 1 and 1000", text));
  }
}

void read_congestion(MapReader& ltl, CongestionOptions& out) {
  const YamlValue* value = ltl.find("congestion");
  if (value == nullptr) return;
  MapReader map(ltl.context(), *value, "ltl_congestion", "ltl.congestion");
  map.flag("enabled", out.enabled);
  map.bit_rate("line_rate", out.line_rate);
  map.bit_rate("rate_min", out.rate_min);
  map.duration("cnp_interval", out.cnp_interval, Duration{0}, milliseconds(60'000));
  map.integer_as("alpha_gain", out.alpha_gain, 1, 65'536);
  map.duration("alpha_timer", out.alpha_timer, nanoseconds(1), milliseconds(60'000));
  map.duration("rate_timer", out.rate_timer, nanoseconds(1), milliseconds(60'000));
  map.bytes("byte_counter", out.byte_counter, Bytes{1}, Bytes{std::int64_t{1} << 40});
  map.integer_as("recovery_steps", out.recovery_steps, 0, 1'000);
  map.bit_rate("additive_step", out.additive_step);
  map.finish();
  if (out.rate_min > out.line_rate)
    map.error("rate_min",
              fmt::format("{} is above line_rate, {}", spell(out.rate_min), spell(out.line_rate)));
}

void read_more(MapReader& map, LtlOptions& out, std::optional<AuthMode>& auth) {
  map.bytes("packing", out.packing, Bytes{0}, kMtuMost);
  map.flag("crc", out.crc);
  if (map.find("store") == nullptr) out.store = std::max(out.store, twice_the_window(out));
  map.bytes("store", out.store, kMtuMost, Bytes{std::int64_t{1} << 40});
  read_weights(map, out);
  map.flag("handshake", out.handshake);
  AuthMode mode{};
  if (map.choice("auth", mode, auth_modes())) auth = mode;
  if (auth == AuthMode::kHeader && !out.crc)
    map.error("auth", "header needs crc, which is what it authenticates of the payload");
  read_misses(map, out);
  map.duration("silence_min", out.silence_min, Duration{0}, milliseconds(3'600'000));
  read_congestion(map, out.congestion);
}

}  // namespace

const Choices<AuthMode>& auth_modes() {
  static const Choices<AuthMode> table = {
      {"none", AuthMode::kNone}, {"header", AuthMode::kHeader}, {"aead", AuthMode::kAead}};
  return table;
}

const Choices<RecoveryMode>& recovery_modes() {
  static const Choices<RecoveryMode> table = {{"selective", RecoveryMode::kSelective},
                                              {"go-back-n", RecoveryMode::kGoBackN}};
  return table;
}

void read_ltl(MapReader& cluster, LtlOptions& out, std::optional<AuthMode>& auth) {
  const YamlValue* value = cluster.find("ltl");
  if (value == nullptr) return;
  const Bytes most{std::int64_t{1} << 40};
  const std::size_t errors_before = cluster.context().count();
  MapReader map(cluster.context(), *value, "ltl", "ltl");
  Bytes mtu{out.mtu};
  map.bytes("mtu", mtu, Bytes{64}, kMtuMost);
  out.mtu = static_cast<std::uint32_t>(mtu.count);
  if (map.integer_as("window", out.window, 1, kLtlWindowMax) && !std::has_single_bit(out.window))
    map.error("window", fmt::format("{} is no power of two", out.window));
  map.bytes("credit_overhead", out.credit_overhead, Bytes{0}, Bytes{65'536});
  if (map.find("credit") == nullptr) out.credit = std::max(out.credit, twice_the_window(out));
  map.bytes("credit", out.credit, Bytes{256}, most);
  map.duration("timeout", out.timeout, microseconds(1), milliseconds(60'000));
  map.duration("timeout_max", out.timeout_max, microseconds(1), milliseconds(3'600'000));
  map.duration("reorder_tolerance", out.reorder_tolerance, Duration{0}, milliseconds(60'000));
  map.integer_as("ack_every", out.ack_every, 1, 256);
  map.bytes("queue_limit", out.queue_limit, Bytes{1}, most);
  map.choice("recovery", out.recovery, recovery_modes());
  map.integer_as("first_sequence", out.first_sequence, 0, UINT32_MAX);
  map.duration("ack_delay", out.ack_delay, Duration{0}, milliseconds(60'000));
  map.integer_as("timeout_rtts", out.timeout_rtts, 0, 1'000);
  map.integer_as("sample_every", out.sample_every, 1, 1'000'000);
  read_more(map, out, auth);
  map.finish();
  if (out.timeout_max < out.timeout)
    map.error("timeout_max",
              fmt::format("{} is below timeout, {}", spell(out.timeout_max), spell(out.timeout)));
  const Bytes packet = mtu + out.credit_overhead;
  if (out.credit < packet)
    map.error("credit",
              fmt::format("{} is less than one packet is charged, {} (mtu and credit_overhead)",
                          spell(out.credit), spell(packet)));
  if (out.ack_every > out.window)
    map.error("ack_every",
              fmt::format("{} is above window, {}: no acknowledgement would ever be sent early",
                          out.ack_every, out.window));
  if (const Status status = check(out); !status && map.context().count() == errors_before)
    cluster.error("ltl", status.error().message);
}

std::string auth_name(AuthMode mode) { return std::string(spelling(auth_modes(), mode)); }

AuthMode auth_of(const ClusterSpec& spec) {
  // Nobody else can write into virtual time or into memory without a name; on a socket of this host
  // anybody can. Without a checksum a tag over the header would promise what it does not hold.
  const bool needed =
      spec.time == TimeMode::kWall && spec.wall.carrier == CarrierKind::kUdp && spec.ltl.crc;
  const AuthMode unwritten = !is_loopback(spec.wall.listen) ? AuthMode::kAead
                             : needed                       ? AuthMode::kHeader
                                                            : AuthMode::kNone;
  return spec.auth.value_or(unwritten);
}

}  // namespace soliton
