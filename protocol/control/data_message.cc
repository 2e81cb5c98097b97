#include "protocol/control/data_message.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <array>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/control/data.capnp.h"

namespace soliton {
namespace {

constexpr std::size_t kWords = kDataHeaderBytes / sizeof(capnp::word);
constexpr std::int64_t kPicosecondsPerNanosecond = 1000;
// The top bit of the request number: no values are computed for the request.
constexpr std::uint32_t kWithoutValues = 1u << 31;

std::uint32_t whole_nanoseconds(Duration d) {
  const std::int64_t ns = d.count() / kPicosecondsPerNanosecond;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(std::max<std::int64_t>(ns, 0), UINT32_MAX));
}

}  // namespace

Payload pack_data(const DataHeader& header, const Payload& vectors) {
  std::array<capnp::word, kWords> segment{};
  capnp::MallocMessageBuilder message(kj::arrayPtr(segment.data(), segment.size()));
  wire::DataHeader::Builder out = message.initRoot<wire::DataHeader>();
  SOLITON_CHECK(index(header.request) < kWithoutValues);
  out.setRequest(index(header.request) | (header.functional ? 0 : kWithoutValues));
  out.setPort(header.port);
  out.setSteps(header.steps);
  out.setStartedPs(static_cast<std::uint64_t>(header.started.time_since_epoch().count()));
  out.setComputePs(
      static_cast<std::uint64_t>(std::max<std::int64_t>(header.path.compute.count(), 0)));
  out.setQueueNs(whole_nanoseconds(header.path.queue));
  out.setHostNs(whole_nanoseconds(header.path.host));
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  SOLITON_CHECK_MSG(flat.asBytes().size() == kDataHeaderBytes, "{} bytes", flat.asBytes().size());
  Payload payload{std::vector<std::byte>(kDataHeaderBytes + vectors.bytes.size()), vectors.ghost};
  std::memcpy(payload.bytes.data(), flat.asBytes().begin(), kDataHeaderBytes);
  if (!vectors.bytes.empty())
    std::memcpy(payload.bytes.data() + kDataHeaderBytes, vectors.bytes.data(),
                vectors.bytes.size());
  return payload;
}

Result<DataMessage> unpack_data(const Payload& message) {
  if (message.bytes.size() < kDataHeaderBytes)
    return invalid("data message shorter than its header");
  std::array<capnp::word, kWords> words;
  std::memcpy(words.data(), message.bytes.data(), kDataHeaderBytes);
  try {
    capnp::ReaderOptions options;
    // The bytes come from the network: limits keep a malformed message from costing more than its
    // size.
    options.traversalLimitInWords = 4 * kWords + 64;
    options.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()), options);
    const wire::DataHeader::Reader in = reader.getRoot<wire::DataHeader>();
    DataMessage out;
    out.header.request = RequestId{in.getRequest() & ~kWithoutValues};
    out.header.functional = (in.getRequest() & kWithoutValues) == 0;
    out.header.port = in.getPort();
    out.header.steps = in.getSteps();
    out.header.started = Instant{Duration{static_cast<std::int64_t>(in.getStartedPs())}};
    out.header.path.compute = Duration{static_cast<std::int64_t>(in.getComputePs())};
    out.header.path.queue = nanoseconds(in.getQueueNs());
    out.header.path.host = nanoseconds(in.getHostNs());
    out.vectors = message.slice(kDataHeaderBytes, message.size() - kDataHeaderBytes);
    return out;
  } catch (const kj::Exception& error) {
    return invalid(std::string("data message: ") + error.getDescription().cStr());
  }
}

Arrival arrival_of(const DataHeader& header, Instant now) {
  Arrival out{now, header.path};
  out.path.network = Duration{};
  out.path.network = (now - header.started) - out.path.total();
  return out;
}

}  // namespace soliton
