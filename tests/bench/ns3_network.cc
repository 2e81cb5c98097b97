// ns-3 beside `soliton bench fabric`, as a program of its own.
//   rate WORKLOAD STACK NODES MESSAGES BYTES
//     WORKLOAD  token | all-gather       STACK  raw | udp
//     Nodes in a ring of direct cables, 40 Gb/s and 500 ns each; MESSAGES in all. `raw`: frames are
//     handed to the device; `udp`: sockets over IPv4.
//     prints: messages cpu_seconds
//   flows SEED
//     reads a network and flows from standard input, one to a line:
//       vertices COUNT
//       link A B BITS_PER_SECOND LATENCY_PS
//       route VERTEX DESTINATION LINK      static host routes; without any, random ECMP by SEED
//       flow SOURCE DESTINATION PACKETS PAYLOAD
//     prints: completion_ps longest_queue_bytes lost
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

namespace {

constexpr std::uint16_t kPort = 9;
constexpr std::uint16_t kProtocol = 0x88b5;  // for local experiments

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// A ring in which each node sends to the next.
class Ring {
 public:
  Ring(bool token, bool udp, std::uint32_t count, std::uint64_t messages, std::uint32_t bytes)
      : token_(token), left_(messages), bytes_(bytes), nodes_(count) {
    ns3::NodeContainer hosts;
    hosts.Create(count);
    ns3::PointToPointHelper cable;
    cable.SetDeviceAttribute("DataRate", ns3::StringValue("40Gbps"));
    cable.SetChannelAttribute("Delay", ns3::StringValue("500ns"));
    if (udp) ns3::InternetStackHelper().Install(hosts);
    ns3::Ipv4AddressHelper addresses;
    addresses.SetBase("10.0.0.0", "255.255.255.252");
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t next = (i + 1) % count;
      const ns3::NetDeviceContainer ends = cable.Install(hosts.Get(i), hosts.Get(next));
      nodes_[i].device = ends.Get(0);
      if (udp) {
        nodes_[i].next = addresses.Assign(ends).GetAddress(1);
        addresses.NewNetwork();
      } else {
        ends.Get(1)->SetReceiveCallback([this, next](ns3::Ptr<ns3::NetDevice>,
                                                     ns3::Ptr<const ns3::Packet>, std::uint16_t,
                                                     const ns3::Address&) {
          came(next);
          return true;
        });
      }
    }
    for (std::uint32_t i = 0; udp && i < count; ++i) open(hosts.Get(i), i);
  }

  void run() {
    for (std::uint32_t i = 0; i < (token_ ? 1 : nodes_.size()); ++i)
      ns3::Simulator::Schedule(ns3::Seconds(0), [this, i] { send(i); });
    ns3::Simulator::Run();
  }
  std::uint64_t sent() const { return sent_; }

 private:
  struct Node {
    ns3::Ptr<ns3::NetDevice> device;
    ns3::Ptr<ns3::Socket> socket;
    ns3::Ipv4Address next;
  };

  void open(ns3::Ptr<ns3::Node> host, std::uint32_t i) {
    nodes_[i].socket = ns3::Socket::CreateSocket(host, ns3::UdpSocketFactory::GetTypeId());
    nodes_[i].socket->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kPort));
    nodes_[i].socket->SetRecvCallback([this, i](ns3::Ptr<ns3::Socket> socket) {
      while (socket->Recv()) came(i);
    });
  }

  void send(std::uint32_t i) {
    if (left_ == 0) return;
    --left_;
    ++sent_;
    const ns3::Ptr<ns3::Packet> packet = ns3::Create<ns3::Packet>(bytes_);
    if (nodes_[i].socket)
      nodes_[i].socket->SendTo(packet, 0, ns3::InetSocketAddress(nodes_[i].next, kPort));
    else
      nodes_[i].device->Send(packet, nodes_[i].device->GetBroadcast(), kProtocol);
  }

  // What comes is passed on: a token in a circle, or each node's block once round.
  void came(std::uint32_t i) { send(i); }

  bool token_;
  std::uint64_t left_;
  std::uint32_t bytes_;
  std::uint64_t sent_ = 0;
  std::vector<Node> nodes_;
};

struct Flow {
  std::uint32_t source = 0, destination = 0, packets = 0, payload = 0, came = 0;
  ns3::Ptr<ns3::Socket> socket;
};

class Network {
 public:
  bool read(std::istream& in) {
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string what;
      words >> what;
      if (what == "vertices") add_vertices(words);
      if (what == "link") add_link(words);
      if (what == "route") add_route(words);
      if (what == "flow") add_flow(words);
      if (!words) return false;
    }
    return !flows_.empty();
  }

  void run() {
    if (!routed_) ns3::Ipv4GlobalRoutingHelper::PopulateRoutingTables();
    for (std::size_t i = 0; i < flows_.size(); ++i) open(i);
    ns3::Simulator::Schedule(kStart, [this] { send_all(); });
    ns3::Simulator::Run();
  }

  long completion_ps() const { return (last_ - kStart).GetPicoSeconds(); }
  std::uint32_t longest_queue() const { return longest_; }
  std::uint64_t lost() const {
    std::uint64_t out = 0;
    for (const Flow& flow : flows_) out += flow.packets - flow.came;
    return out;
  }

 private:
  struct Link {
    std::uint32_t ends[2] = {};
    ns3::NetDeviceContainer devices;
    ns3::Ipv4InterfaceContainer interfaces;
  };
  const ns3::Time kStart = ns3::MicroSeconds(1'000);

  void add_vertices(std::istream& words) {
    std::uint32_t count = 0;
    words >> count;
    vertices_.Create(count);
    ns3::InternetStackHelper().Install(vertices_);
    addresses_.resize(count);
    subnets_.SetBase("10.0.0.0", "255.255.255.252");
  }

  void add_link(std::istream& words) {
    Link link;
    std::uint64_t rate = 0, latency = 0;
    words >> link.ends[0] >> link.ends[1] >> rate >> latency;
    ns3::PointToPointHelper cable;
    cable.SetDeviceAttribute("DataRate", ns3::DataRateValue(ns3::DataRate(rate)));
    cable.SetDeviceAttribute("Mtu", ns3::UintegerValue(9'000));
    cable.SetChannelAttribute("Delay",
                              ns3::TimeValue(ns3::PicoSeconds(static_cast<double>(latency))));
    cable.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize",
                   ns3::QueueSizeValue(ns3::QueueSize("10000000p")));
    link.devices = cable.Install(vertices_.Get(link.ends[0]), vertices_.Get(link.ends[1]));
    link.interfaces = subnets_.Assign(link.devices);
    ns3::TrafficControlHelper().Uninstall(link.devices);  // no queue above that of the device
    subnets_.NewNetwork();
    for (std::uint32_t end : {0u, 1u}) {
      addresses_[link.ends[end]] = link.interfaces.GetAddress(end);
      const auto device = ns3::DynamicCast<ns3::PointToPointNetDevice>(link.devices.Get(end));
      queues_.push_back({link.ends[end], device});
    }
    links_.push_back(std::move(link));
  }

  void add_route(std::istream& words) {
    std::uint32_t vertex = 0, destination = 0, number = 0;
    words >> vertex >> destination >> number;
    const Link& link = links_.at(number);
    const std::uint32_t near = link.ends[0] == vertex ? 0 : 1;
    const auto ipv4 = vertices_.Get(vertex)->GetObject<ns3::Ipv4>();
    ns3::Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->AddHostRouteTo(
        addresses_.at(destination), link.interfaces.GetAddress(1 - near),
        static_cast<std::uint32_t>(ipv4->GetInterfaceForDevice(link.devices.Get(near))));
    routed_ = true;
  }

  void add_flow(std::istream& words) {
    Flow flow;
    words >> flow.source >> flow.destination >> flow.packets >> flow.payload;
    flows_.push_back(flow);
  }

  void open(std::size_t i) {
    const auto port = static_cast<std::uint16_t>(1'000 + i);
    Flow& flow = flows_[i];
    const auto kind = ns3::UdpSocketFactory::GetTypeId();
    const auto sink = ns3::Socket::CreateSocket(vertices_.Get(flow.destination), kind);
    sink->SetAttribute("RcvBufSize", ns3::UintegerValue(100'000'000));
    sink->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port));
    sink->SetRecvCallback([this, i](ns3::Ptr<ns3::Socket> socket) {
      while (socket->Recv()) {
        ++flows_[i].came;
        last_ = ns3::Simulator::Now();
      }
    });
    sinks_.push_back(sink);
    flow.socket = ns3::Socket::CreateSocket(vertices_.Get(flow.source), kind);
    flow.socket->Bind();
  }

  // All at once; flows of one source take turns.
  void send_all() {
    watch_queues();
    std::uint32_t most = 0;
    for (const Flow& flow : flows_) most = std::max(most, flow.packets);
    for (std::uint32_t packet = 0; packet < most; ++packet)
      for (std::size_t i = 0; i < flows_.size(); ++i) {
        Flow& flow = flows_[i];
        if (packet >= flow.packets) continue;
        flow.socket->SendTo(ns3::Create<ns3::Packet>(flow.payload), 0,
                            ns3::InetSocketAddress(addresses_[flow.destination],
                                                   static_cast<std::uint16_t>(1'000 + i)));
      }
  }

  // Of switches only: a host's queue holds what was sent at once.
  void watch_queues() {
    for (const auto& [vertex, device] : queues_) {
      const bool host =
          std::any_of(flows_.begin(), flows_.end(), [vertex = vertex](const Flow& flow) {
            return flow.source == vertex || flow.destination == vertex;
          });
      if (host) continue;
      device->GetQueue()->TraceConnectWithoutContext(
          "BytesInQueue", ns3::MakeCallback(&Network::queue_changed, this));
    }
  }
  void queue_changed(std::uint32_t, std::uint32_t now) { longest_ = std::max(longest_, now); }

  ns3::NodeContainer vertices_;
  ns3::Ipv4AddressHelper subnets_;
  std::vector<ns3::Ipv4Address> addresses_;
  std::vector<Link> links_;
  std::vector<std::pair<std::uint32_t, ns3::Ptr<ns3::PointToPointNetDevice>>> queues_;
  std::vector<Flow> flows_;
  std::vector<ns3::Ptr<ns3::Socket>> sinks_;
  bool routed_ = false;
  ns3::Time last_ = kStart;
  std::uint32_t longest_ = 0;
};

int rate(char** words) {
  const std::string workload = words[0], stack = words[1];
  Ring ring(workload == "token", stack == "udp", static_cast<std::uint32_t>(std::atoi(words[2])),
            std::strtoull(words[3], nullptr, 10), static_cast<std::uint32_t>(std::atoi(words[4])));
  const double before = cpu_seconds();
  ring.run();
  std::printf("%llu %.6f\n", static_cast<unsigned long long>(ring.sent()), cpu_seconds() - before);
  return 0;
}

int flows(const char* seed) {
  ns3::RngSeedManager::SetRun(std::strtoull(seed, nullptr, 10));
  ns3::Config::SetDefault("ns3::Ipv4GlobalRouting::RandomEcmpRouting", ns3::BooleanValue(true));
  Network network;
  if (!network.read(std::cin)) return 2;
  network.run();
  std::printf("%ld %u %llu\n", network.completion_ps(), network.longest_queue(),
              static_cast<unsigned long long>(network.lost()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Nanoseconds, the default, would round the line time of every packet.
  ns3::Time::SetResolution(ns3::Time::PS);
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "rate" && argc == 7) return rate(argv + 2);
  if (what == "flows" && argc == 3) return flows(argv[2]);
  std::fprintf(stderr, "rate WORKLOAD STACK NODES MESSAGES BYTES | flows SEED\n");
  return 2;
}
