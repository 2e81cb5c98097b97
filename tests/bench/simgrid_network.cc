// SimGrid beside `soliton bench fabric`, as a program of its own.
//   WORKLOAD NODES MESSAGES BYTES
//     WORKLOAD  token | all-gather
//     Nodes in a ring of direct cables, 40 Gb/s and 500 ns each, flows as SimGrid models them;
//     MESSAGES in all.
//     prints: messages cpu_seconds
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <simgrid/s4u.hpp>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace s4u = simgrid::s4u;

constexpr double kBytesPerSecond = 5e9;
constexpr double kSeconds = 500e-9;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::string name_of(unsigned long node) { return "node" + std::to_string(node); }

std::pair<simgrid::kernel::routing::NetPoint*, simgrid::kernel::routing::NetPoint*> make_host(
    s4u::NetZone* zone, const std::vector<unsigned long>&, unsigned long number) {
  s4u::Host* host = zone->create_host(name_of(number), 1e12);
  host->seal();
  return {host->get_netpoint(), nullptr};
}

int payload;  // mailboxes carry pointers

// Takes `count` messages and sends as many on; `first` sends before it takes.
void pass_on(unsigned long node, unsigned long nodes, unsigned long count, bool first,
             double bytes) {
  s4u::Mailbox* in = s4u::Mailbox::by_name(name_of(node));
  s4u::Mailbox* out = s4u::Mailbox::by_name(name_of((node + 1) % nodes));
  for (unsigned long i = 0; i < count; ++i) {
    if (!first) in->get<int>();
    out->put(&payload, static_cast<std::uint64_t>(bytes));
    if (first) in->get<int>();
  }
}

void gather(unsigned long node, unsigned long nodes, unsigned long count, double bytes) {
  s4u::Mailbox* in = s4u::Mailbox::by_name(name_of(node));
  s4u::Mailbox* out = s4u::Mailbox::by_name(name_of((node + 1) % nodes));
  for (unsigned long i = 0; i < count; ++i) {
    const s4u::CommPtr sent = out->put_async(&payload, static_cast<std::uint64_t>(bytes));
    in->get<int>();
    sent->wait();
  }
}

}  // namespace

int main(int argc, char** argv) {
  s4u::Engine engine(&argc, argv);
  if (argc < 5) {
    std::fprintf(stderr, "WORKLOAD NODES MESSAGES BYTES\n");
    return 2;
  }
  const std::string workload = argv[1];
  const unsigned long nodes = std::strtoul(argv[2], nullptr, 10);
  const unsigned long each = std::strtoul(argv[3], nullptr, 10) / nodes;
  const double bytes = std::atof(argv[4]);
  s4u::NetZone* zone =
      s4u::create_torus_zone("ring", nullptr, {nodes}, s4u::ClusterCallbacks(make_host),
                             kBytesPerSecond, kSeconds, s4u::Link::SharingPolicy::SPLITDUPLEX);
  zone->seal();
  for (unsigned long node = 0; node < nodes; ++node) {
    s4u::Host* host = s4u::Host::by_name(name_of(node));
    if (workload == "token")
      s4u::Actor::create("node", host, pass_on, node, nodes, each, node == 0, bytes);
    else
      s4u::Actor::create("node", host, gather, node, nodes, each, bytes);
  }
  const double before = cpu_seconds();
  engine.run();
  std::printf("%lu %.6f\n", nodes * each, cpu_seconds() - before);
  return 0;
}
