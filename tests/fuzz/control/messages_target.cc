// Cap'n Proto from others: heads of data messages, which come over the network, and reports, which come
// from node processes. Whatever it is, it is a value or an error, soon; a head that is read is written
// back and read to the same.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "node/runtime/reports.h"
#include "protocol/base/check.h"
#include "protocol/control/data_message.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

void data_message(FuzzBytes in) {
  Payload message;
  message.ghost = in.byte();
  for (const std::uint8_t byte : in.take(SIZE_MAX)) message.bytes.push_back(std::byte{byte});
  const Result<DataMessage> read = unpack_data(message);
  if (!read) {
    SOLITON_CHECK(!read.error().message.empty());
    return;
  }
  const DataHeader& header = read->header;
  // A packet says durations as numbers without a sign.
  if (header.path.compute.count() < 0) return;
  const Result<DataMessage> again = unpack_data(pack_data(header, read->vectors));
  SOLITON_CHECK(again.has_value());
  const DataHeader& back = again->header;
  SOLITON_CHECK(back.request == header.request && back.port == header.port);
  SOLITON_CHECK(back.steps == header.steps && back.started == header.started);
  SOLITON_CHECK(back.functional == header.functional && again->vectors == read->vectors);
  SOLITON_CHECK(back.path.compute == header.path.compute && back.path.queue == header.path.queue &&
                back.path.host == header.path.host);
}

void reports(FuzzBytes in) {
  int ends[2];
  SOLITON_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  ControlSocket controller(ends[1]);
  std::vector<Report> read;
  // In two pieces, as a socket may bring them.
  const auto first = in.take(in.byte());
  const auto rest = in.take(60'000);
  bool open = write(ends[0], first.data(), first.size()) >= 0 && controller.take_reports(read);
  if (open) open = write(ends[0], rest.data(), rest.size()) >= 0 && controller.take_reports(read);
  close(ends[0]);
  if (open) SOLITON_CHECK(!controller.take_reports(read));  // the end, or damaged
  close(ends[1]);
  // A report takes a word at least.
  SOLITON_CHECK(read.size() <= (first.size() + rest.size()) / 8);
  for (const Report& report : read)
    if (const auto* records = std::get_if<std::vector<HostRecord>>(&report))
      SOLITON_CHECK(records->size() <= 4 * (first.size() + rest.size()) + 64);
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::FuzzBytes in(data, size);
  if (in.byte() % 2 == 0)
    soliton::data_message(in);
  else
    soliton::reports(in);
  return 0;
}
