// The two carriers under an LtlTransport.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "cluster/bench/ltl_transport.h"
#include "fabric/shm/inbox.h"

namespace soliton {

// As shipped, but for `auth`: packets of 8 KiB, checksum on.
LtlOptions udp_ltl_options(AuthMode auth);
// Nothing can damage a packet in memory, so neither checksum nor tag.
LtlOptions shm_ltl_options();

class LtlOverUdp : public LtlTransport {
 public:
  LtlOverUdp(const LtlOptions& options, WaitMode wait);
  ~LtlOverUdp() override;

 protected:
  std::unique_ptr<Carrier> open(bool server) override;

 private:
  struct Ports;
  Ports* ports_;  // where the two processes tell each other their ports
  boost::asio::io_context context_;
};

class LtlOverShm : public LtlTransport {
 public:
  LtlOverShm(const LtlOptions& options, WaitMode wait);
  bool made() const { return inboxes_.size() == 2; }

 protected:
  std::unique_ptr<Carrier> open(bool server) override;

 private:
  std::vector<Inbox> inboxes_;  // by owner
};

}  // namespace soliton
