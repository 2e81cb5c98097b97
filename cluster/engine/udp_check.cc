#include "cluster/engine/udp_check.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <string>

namespace soliton {
namespace {

using boost::asio::ip::udp;

constexpr std::chrono::milliseconds kArrivesWithin{500};

tl::unexpected<Error> does_not_arrive(const std::string& address, const std::string& why) {
  return failure(ErrorCode::kEnvironment,
                 fmt::format("packets to {} do not arrive on this machine: {}; is its interface up "
                             "(ip link set lo up)? Nodes on one machine can also use wall: "
                             "{{carrier: shm}}",
                             address, why));
}

}  // namespace

Status check_udp_arrives(std::uint32_t address) {
  const boost::asio::ip::address_v4 ip(address);
  boost::asio::io_context context;
  udp::socket socket(context);
  boost::system::error_code error;
  socket.open(udp::v4(), error);
  if (!error) socket.bind(udp::endpoint(ip, 0), error);
  const udp::endpoint self = error ? udp::endpoint() : socket.local_endpoint(error);
  std::array<char, 1> byte{};
  if (!error) socket.send_to(boost::asio::buffer(byte), self, 0, error);
  if (error) return does_not_arrive(ip.to_string(), error.message());
  bool arrived = false;
  socket.async_wait(udp::socket::wait_read,
                    [&](const boost::system::error_code& failed) { arrived = !failed; });
  context.run_for(kArrivesWithin);
  if (arrived) return {};
  return does_not_arrive(ip.to_string(), "no answer within half a second");
}

}  // namespace soliton
