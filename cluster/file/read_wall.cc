// The `wall` map of a cluster file, and what it means together with `time` and `ltl.auth`: nothing
// listens beyond loopback unless the file says so, gives a key, and packets are encrypted.
#include <arpa/inet.h>
#include <ifaddrs.h>

#include <algorithm>

#include "cluster/file/key_file.h"
#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"

namespace soliton {
namespace {

// Those an interface has, loopback included, each once and sorted.
std::vector<std::string> host_addresses() {
  std::vector<std::string> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next)
    if (at->ifa_addr != nullptr && at->ifa_addr->sa_family == AF_INET)
      out.push_back(
          ipv4_text(ntohl(reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr)));
  freeifaddrs(list);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void read_listen(MapReader& map, std::uint32_t& out) {
  const YamlValue* value = map.scalar("listen");
  if (value == nullptr) return;
  const std::string& text = value->text;
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1)
    return map.error(
        "listen",
        fmt::format("\"{}\" is not an IPv4 address of four numbers such as 10.1.2.3", text));
  out = ntohl(address.s_addr);
  if (is_loopback(out)) return;
  const std::vector<std::string> known = host_addresses();
  if (std::find(known.begin(), known.end(), text) == known.end())
    map.error("listen", fmt::format("{} is not an address of this host; it has {}", text,
                                    fmt::join(known, ", ")));
}

void read_key(MapReader& map, const ReadSite& site, ClusterSpec& out) {
  const YamlValue* path = map.scalar("key_file");
  if (path == nullptr) return;
  out.key_file = resolve_path(site.folder, path->text);
  site.files.note(out.key_file);
  const Result<Key> key = read_key_file(out.key_file);
  if (key)
    out.key = *key;
  else
    map.error("key_file", key.error().message);
}

// The map was read; `out.wall.listen` is beyond loopback.
void check_beyond(MapReader& wall, const ClusterSpec& spec) {
  if (wall.find("key_file") == nullptr)
    wall.error("listen", fmt::format("{} is beyond loopback, which needs a key: add key_file",
                                     ipv4_text(spec.wall.listen)));
  if (spec.wall.carrier == CarrierKind::kShm)
    wall.error("listen",
               "shared memory has no address to listen on; write carrier: udp, or leave it out");
}

void check_auth(MapReader& cluster, const ClusterSpec& spec) {
  const YamlValue* ltl = cluster.find("ltl");
  const YamlValue* auth = ltl == nullptr ? nullptr : ltl->find("auth");
  if (auth == nullptr || !spec.auth) return;
  const auto error = [&](const std::string& message) {
    cluster.context().error(auth->mark, "ltl.auth: " + message);
  };
  if (spec.time == TimeMode::kVirtual && spec.auth == AuthMode::kAead)
    error("aead encrypts packets of real sockets; in virtual time none or header");
  if (!is_loopback(spec.wall.listen) && spec.auth != AuthMode::kAead)
    error(fmt::format("{} is not enough beyond loopback (wall.listen is {}); aead, or leave it out",
                      auth_name(*spec.auth), ipv4_text(spec.wall.listen)));
}

}  // namespace

std::string ipv4_text(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                     address & 255);
}

void read_wall(MapReader& cluster, const ReadSite& site, ClusterSpec& out) {
  if (const YamlValue* value = cluster.find("wall")) {
    MapReader map(cluster.context(), *value, kWallKeyFields, "wall");
    read_fields(map, kWallKeyFields, &out.wall);
    read_listen(map, out.wall.listen);
    read_key(map, site, out);
    const bool is_beyond = !is_loopback(out.wall.listen);
    if (is_beyond) check_beyond(map, out);
    if (out.time == TimeMode::kVirtual && (is_beyond || map.find("key_file") != nullptr))
      map.error(is_beyond ? "listen" : "key_file",
                "nothing listens in virtual time; time: wall, or leave it out");
    map.finish();
  }
  check_auth(cluster, out);
}

}  // namespace soliton
