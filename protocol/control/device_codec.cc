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

namespace {

void write_timing(const NpuTimingParameters& timing, wire::NpuDevice::Timing::Builder out) {
  out.setDispatchCycles(timing.dispatch_cycles);
  out.setSlotOverheadCycles(timing.slot_overhead_cycles);
  out.setDepthCycles(timing.depth_cycles);
  out.setDepthCyclesPerVector(timing.depth_cycles_per_vector);
  out.setVectorCycles(timing.vector_cycles);
  out.setVectorCyclesPerVector(timing.vector_cycles_per_vector);
  out.setOccupancy(static_cast<std::uint8_t>(timing.occupancy));
  out.setRequestCycles(timing.request_cycles);
  out.setCalibrated(timing.calibrated);
  out.setSource(timing.source);
}

NpuTimingParameters read_timing(wire::NpuDevice::Timing::Reader in) {
  NpuTimingParameters timing;
  timing.dispatch_cycles = in.getDispatchCycles();
  timing.slot_overhead_cycles = in.getSlotOverheadCycles();
  timing.depth_cycles = in.getDepthCycles();
  timing.depth_cycles_per_vector = in.getDepthCyclesPerVector();
  timing.vector_cycles = in.getVectorCycles();
  timing.vector_cycles_per_vector = in.getVectorCyclesPerVector();
  timing.occupancy = static_cast<Occupancy>(in.getOccupancy());
  timing.request_cycles = in.getRequestCycles();
  timing.calibrated = in.getCalibrated();
  timing.source = in.getSource().cStr();
  return timing;
}

}  // namespace

void write_device(const NpuDevice& device, wire::NpuDevice::Builder out) {
  out.setName(device.name);
  out.setDescription(device.description);
  out.setSource(device.source);
  out.setClockHz(device.clock.hertz);
  out.setTileEngines(device.tile_engines);
  out.setLanes(device.lanes);
  out.setNativeDim(device.native_dim);
  out.setBatchLanes(device.batch_lanes);
  out.setCellPrograms(static_cast<std::uint8_t>(device.cell_programs));
  out.setMatrixRfTiles(device.matrix_rf_tiles);
  out.setInitialVrf(device.initial_vrf);
  out.setAddSubVrf0(device.add_sub_vrf_0);
  out.setAddSubVrf1(device.add_sub_vrf_1);
  out.setMultiplyVrf(device.multiply_vrf);
  out.setInstructionWords(device.instruction_words);
  out.setMultifunctionUnits(device.multifunction_units);
  out.setDramBytes(device.dram.count);
  out.setDramRate(device.dram_rate.bits_per_second);
  out.setNetworkRate(device.network_rate.bits_per_second);
  auto formats = out.initFormats(static_cast<unsigned>(device.formats.size()));
  for (unsigned i = 0; i < formats.size(); ++i) {
    write_format(device.formats[i].format, formats[i].initFormat());
    formats[i].setBeatsPerTile(device.formats[i].beats_per_tile);
  }
  write_timing(device.timing, out.initTiming());
}

NpuDevice read_device(wire::NpuDevice::Reader in) {
  NpuDevice device;
  device.name = in.getName().cStr();
  device.description = in.getDescription().cStr();
  device.source = in.getSource().cStr();
  device.clock.hertz = in.getClockHz();
  device.tile_engines = in.getTileEngines();
  device.lanes = in.getLanes();
  device.native_dim = in.getNativeDim();
  device.batch_lanes = in.getBatchLanes();
  device.cell_programs = static_cast<CellPrograms>(in.getCellPrograms());
  device.matrix_rf_tiles = in.getMatrixRfTiles();
  device.initial_vrf = in.getInitialVrf();
  device.add_sub_vrf_0 = in.getAddSubVrf0();
  device.add_sub_vrf_1 = in.getAddSubVrf1();
  device.multiply_vrf = in.getMultiplyVrf();
  device.instruction_words = in.getInstructionWords();
  device.multifunction_units = in.getMultifunctionUnits();
  device.dram.count = in.getDramBytes();
  device.dram_rate.bits_per_second = in.getDramRate();
  device.network_rate.bits_per_second = in.getNetworkRate();
  for (const auto format : in.getFormats())
    device.formats.push_back({read_format(format.getFormat()), format.getBeatsPerTile()});
  device.timing = read_timing(in.getTiming());
  return device;
}

}  // namespace soliton
