#include "tests/fuzz/isa/assembly_fuzz.h"

#include <string_view>

#include "protocol/base/check.h"
#include "protocol/isa/assembly.h"

namespace soliton {

namespace {

// So small that no input makes much work.
Result<NpuDevice> device_called(const std::string& name) {
  if (name != "tiny") return invalid("no device called \"" + name + "\"");
  NpuDevice device;
  device.name = name;
  device.native_dim = 8;
  device.matrix_rf_tiles = 16;
  device.initial_vrf = device.add_sub_vrf_0 = device.add_sub_vrf_1 = device.multiply_vrf = 32;
  device.functions.clear();
  for (const NpuFunctionRow& row : kNpuFunctions) device.functions.push_back(row.function);
  device.dram = Bytes{8192};
  device.dram_rate = BitRate{1'000'000'000};
  device.formats = {{builtin_formats().front(), 2}};
  return device;
}

}  // namespace

bool fuzz_assembly(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParsedAssembly parsed = parse_assembly(text, "fuzz");
  if (parsed.errors.empty()) {
    const ParsedAssembly again = parse_assembly(print(parsed.assembly), "printed");
    SOLITON_CHECK_MSG(again.errors.empty(), "{}", again.errors.text());
    SOLITON_CHECK(again.assembly == parsed.assembly);
  }
  const Checked<Shard> shard = assemble(parsed, "fuzz", device_called);
  if (!shard) {
    SOLITON_CHECK(!shard.error().empty());
    for (const Error& error : shard.error().errors)
      SOLITON_CHECK_MSG(error.message.rfind("fuzz:", 0) == 0, "{}", error.message);
    return false;
  }
  SOLITON_CHECK(check_shard(*shard).empty());
  const Result<Program> decoded = decode(encode(shard->program));
  SOLITON_CHECK(decoded.has_value() && decoded->chains.size() == shard->program.chains.size());
  return true;
}

}  // namespace soliton
