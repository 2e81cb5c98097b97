// The two carriers under an LtlTransport.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "cluster/bench/ltl_transport.h"
#include "fabric/shm/inbox.h"

namespace soliton {

// The defaults except for `auth`: packets of 8 KiB, checksum on.
LtlOptions udp_ltl_options(AuthMode auth);
// Neither checksum nor tag, because nothing can damage a packet in memory.
LtlOptions shm_ltl_options();

class LtlOverUdp : public LtlTransport {
 public:
  LtlOverUdp(const LtlOptions& options, WaitMode wait);
  ~LtlOverUdp() override;

 protected:
  std::unique_ptr<Carrier> open(bool server) override;

 private:
  struct Ports;
  Ports* ports_;  // shared memory in which the two processes exchange their ports
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
