// libfabric: messages of a reliable-datagram endpoint, completions polled without waiting.
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "tests/bench/long_peers.h"

namespace soliton {
namespace {

constexpr std::size_t kBuffer = 65536;
constexpr auto kToLeave = std::chrono::milliseconds(100);  // progress is made by polling only

void check(long result, const char* what) {
  if (result != 0)
    give_up((std::string(what) + ": " + fi_strerror(static_cast<int>(-result))).c_str());
}

class Libfabric : public OneByOne<Libfabric> {
 public:
  Libfabric(const char* provider, bool addressed) : provider_(provider), addressed_(addressed) {
    for (auto& pipe : pipes_)
      if (::pipe(pipe.data()) != 0) give_up("pipe");
  }
  void become(bool server) {
    open();
    post();
    connect(server);
  }
  void send(std::span<const std::byte> message) {
    if (message.size() <= info_->tx_attr->inject_size) {
      again([&] { return fi_inject(endpoint_, message.data(), message.size(), peer_); });
      return;
    }
    again([&] {
      return fi_send(endpoint_, message.data(), message.size(), nullptr, peer_, &sending_);
    });
    poll(sent_, 1);
  }
  std::span<const std::byte> receive() {
    const std::size_t size = poll(received_, 1);
    const std::size_t filled = turn_;
    turn_ = 1 - turn_;
    post();
    return {in_[filled].data(), size};
  }
  void settle() {
    const auto end = std::chrono::steady_clock::now() + kToLeave;
    while (std::chrono::steady_clock::now() < end) poll(sent_, 0);
  }

 private:
  void open() {
    fi_info* const hints = fi_allocinfo();
    hints->caps = FI_MSG;
    hints->mode = FI_CONTEXT | FI_CONTEXT2;
    hints->ep_attr->type = FI_EP_RDM;
    hints->fabric_attr->prov_name = strdup(provider_);
    hints->domain_attr->threading = FI_THREAD_DOMAIN;
    check(fi_getinfo(FI_VERSION(1, 17), addressed_ ? "127.0.0.1" : nullptr, nullptr,
                     addressed_ ? FI_SOURCE : 0, hints, &info_),
          "fi_getinfo");
    check(fi_fabric(info_->fabric_attr, &fabric_, nullptr), "fi_fabric");
    check(fi_domain(fabric_, info_, &domain_, nullptr), "fi_domain");
    fi_av_attr table{};
    table.type = FI_AV_TABLE;
    check(fi_av_open(domain_, &table, &addresses_, nullptr), "fi_av_open");
    fi_cq_attr queue{};
    queue.format = FI_CQ_FORMAT_MSG;
    queue.wait_obj = FI_WAIT_NONE;
    check(fi_cq_open(domain_, &queue, &sent_, nullptr), "fi_cq_open");
    check(fi_cq_open(domain_, &queue, &received_, nullptr), "fi_cq_open");
    check(fi_endpoint(domain_, info_, &endpoint_, nullptr), "fi_endpoint");
    check(fi_ep_bind(endpoint_, &addresses_->fid, 0), "fi_ep_bind");
    check(fi_ep_bind(endpoint_, &sent_->fid, FI_TRANSMIT), "fi_ep_bind");
    check(fi_ep_bind(endpoint_, &received_->fid, FI_RECV), "fi_ep_bind");
    check(fi_enable(endpoint_), "fi_enable");
    fi_freeinfo(hints);
  }
  // Addresses go through pipes made before the fork.
  void connect(bool server) {
    std::array<char, 256> own{}, other{};
    std::size_t size = own.size();
    check(fi_getname(&endpoint_->fid, own.data(), &size), "fi_getname");
    if (write(pipes_[server ? 1 : 0][1], own.data(), own.size()) != ssize_t{own.size()} ||
        read(pipes_[server ? 0 : 1][0], other.data(), other.size()) != ssize_t{other.size()})
      give_up("addresses");
    if (fi_av_insert(addresses_, other.data(), 1, &peer_, 0, nullptr) != 1) give_up("fi_av_insert");
  }
  void post() {
    again([&] {
      return fi_recv(endpoint_, in_[turn_].data(), in_[turn_].size(), nullptr, FI_ADDR_UNSPEC,
                     &receiving_[turn_]);
    });
  }
  // Until `wanted` completions are there; the length of the last.
  std::size_t poll(fid_cq* queue, std::size_t wanted) {
    fi_cq_msg_entry entry{};
    for (std::size_t got = 0;;) {
      const ssize_t count = fi_cq_read(queue, &entry, 1);
      if (count == 1) ++got;
      if (count < 0 && count != -FI_EAGAIN) check(count, "fi_cq_read");
      if (got >= wanted) return entry.len;
      // What goes out needs polling of the way in, and the other way round.
      if (count == -FI_EAGAIN && queue == sent_) fi_cq_read(received_, nullptr, 0);
    }
  }
  template <typename Call>
  void again(Call call) {
    long result = call();
    while (result == -FI_EAGAIN) {
      fi_cq_read(sent_, nullptr, 0);
      fi_cq_read(received_, nullptr, 0);
      result = call();
    }
    check(result, "libfabric");
  }

  const char* provider_;
  bool addressed_;
  std::array<std::array<int, 2>, 2> pipes_{};
  fi_info* info_ = nullptr;
  fid_fabric* fabric_ = nullptr;
  fid_domain* domain_ = nullptr;
  fid_av* addresses_ = nullptr;
  fid_cq* sent_ = nullptr;
  fid_cq* received_ = nullptr;
  fid_ep* endpoint_ = nullptr;
  fi_addr_t peer_ = FI_ADDR_UNSPEC;
  fi_context2 sending_{};
  std::array<fi_context2, 2> receiving_{};
  std::array<std::array<std::byte, kBuffer>, 2> in_;
  std::size_t turn_ = 0;
};

}  // namespace

void add_libfabric(Peers& peers) {
  peers["libfabric-shm"] = runner([] { return std::make_unique<Libfabric>("shm", false); });
  peers["libfabric-tcp"] = runner([] { return std::make_unique<Libfabric>("tcp;ofi_rxm", true); });
}

}  // namespace soliton
