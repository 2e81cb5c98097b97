#include "protocol/control/settings.h"
#include "protocol/control/shard_codec.h"

namespace soliton {

void write_format(const NumberFormat& format, wire::NumberFormat::Builder out) {
  out.setName(format.name);
  out.setExponentBits(static_cast<std::uint8_t>(format.exponent_bits));
  out.setMantissaBits(static_cast<std::uint8_t>(format.mantissa_bits));
  out.setBlock(static_cast<std::uint32_t>(format.block));
  out.setScaleBits(static_cast<std::uint8_t>(format.scale_bits));
  out.setRounding(static_cast<std::uint8_t>(format.rounding));
  out.setOverflow(static_cast<std::uint8_t>(format.overflow));
  out.setFlush(format.flush);
  out.setDitherSeed(format.dither_seed);
}

NumberFormat read_format(wire::NumberFormat::Reader in) {
  NumberFormat format;
  format.name = in.getName().cStr();
  format.exponent_bits = in.getExponentBits();
  format.mantissa_bits = in.getMantissaBits();
  format.block = static_cast<int>(in.getBlock());
  format.scale_bits = in.getScaleBits();
  format.rounding = static_cast<Rounding>(in.getRounding());
  format.overflow = static_cast<Overflow>(in.getOverflow());
  format.flush = in.getFlush();
  format.dither_seed = in.getDitherSeed();
  return format;
}

void write_device(const NpuDevice& device, wire::NpuDevice::Builder out) {
  write_fields(kNpuFields, &device, out.initSettings());
  auto formats = out.initFormats(static_cast<unsigned>(device.formats.size()));
  for (unsigned i = 0; i < formats.size(); ++i) {
    write_format(device.formats[i].format, formats[i].initFormat());
    formats[i].setBeatsPerTile(device.formats[i].beats_per_tile);
  }
}

NpuDevice read_device(wire::NpuDevice::Reader in) {
  NpuDevice device;
  read_fields(kNpuFields, in.getSettings(), &device);
  for (const auto format : in.getFormats())
    device.formats.push_back({read_format(format.getFormat()), format.getBeatsPerTile()});
  return device;
}

}  // namespace soliton
