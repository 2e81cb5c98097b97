#include "protocol/control/shard_codec.h"

#include <cstring>

namespace soliton {
namespace {

// Numbers as the bytes they have in memory: both ends are the same machine and the same build.
template <typename T>
capnp::Data::Reader as_data(const std::vector<T>& values) {
  return {reinterpret_cast<const capnp::byte*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> from_data(capnp::Data::Reader data) {
  std::vector<T> values(data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), data.begin(), values.size() * sizeof(T));
  return values;
}

void write_program(const Program& program, wire::Program::Builder out) {
  const std::vector<std::uint32_t> words = encode(program);
  out.setWords(kj::arrayPtr(words.data(), words.size()));
  auto labels = out.initLabels(static_cast<unsigned>(program.chains.size()));
  for (unsigned i = 0; i < labels.size(); ++i) labels.set(i, program.chains[i].label);
  auto segments = out.initSegments(static_cast<unsigned>(program.segments.size()));
  for (unsigned i = 0; i < segments.size(); ++i) {
    segments[i].setFirst(program.segments[i].first);
    segments[i].setLast(program.segments[i].last);
    segments[i].setFixed(program.segments[i].fixed);
    segments[i].setPerStep(program.segments[i].per_step);
    segments[i].setMost(program.segments[i].most);
  }
}

Result<Program> read_program(wire::Program::Reader in) {
  std::vector<std::uint32_t> words;
  for (const std::uint32_t word : in.getWords()) words.push_back(word);
  Result<Program> program = decode(words);
  if (!program) return program;
  const auto labels = in.getLabels();
  if (labels.size() != program->chains.size())
    return invalid("program: labels and chains differ in number");
  for (unsigned i = 0; i < labels.size(); ++i) program->chains[i].label = labels[i].cStr();
  for (const auto segment : in.getSegments())
    program->segments.push_back({segment.getFirst(), segment.getLast(), segment.getFixed(),
                                 segment.getPerStep(), segment.getMost()});
  return program;
}

void write_matrix(const ShardMatrix& matrix, wire::Matrix::Builder out) {
  out.setName(matrix.name);
  out.setTileAddress(matrix.tile_address);
  out.setTileRows(matrix.tile_rows);
  out.setTileColumns(matrix.tile_columns);
  write_format(matrix.weights.format, out.initFormat());
  out.setRows(matrix.weights.rows);
  out.setColumns(matrix.weights.columns);
  out.setBlockStarts(
      kj::arrayPtr(matrix.weights.block_starts.data(), matrix.weights.block_starts.size()));
  out.setMantissas(as_data(matrix.weights.mantissas));
  out.setExponents(as_data(matrix.weights.exponents));
  out.setWide(as_data(matrix.weights.wide));
  out.setScales(as_data(matrix.weights.scales));
  out.setMemory(static_cast<std::uint8_t>(matrix.memory));
}

ShardMatrix read_matrix(wire::Matrix::Reader in) {
  ShardMatrix matrix;
  matrix.name = in.getName().cStr();
  matrix.tile_address = in.getTileAddress();
  matrix.tile_rows = in.getTileRows();
  matrix.tile_columns = in.getTileColumns();
  matrix.weights.format = read_format(in.getFormat());
  matrix.weights.rows = in.getRows();
  matrix.weights.columns = in.getColumns();
  for (const std::int32_t start : in.getBlockStarts()) matrix.weights.block_starts.push_back(start);
  matrix.weights.mantissas = from_data<std::int8_t>(in.getMantissas());
  matrix.weights.exponents = from_data<std::int16_t>(in.getExponents());
  matrix.weights.wide = from_data<float>(in.getWide());
  matrix.weights.scales = from_data<float>(in.getScales());
  matrix.memory = static_cast<Memory>(in.getMemory());
  return matrix;
}

void write_destinations(const std::vector<OutPort::Destination>& destinations,
                        capnp::List<wire::Destination>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setPeer(destinations[i].peer);
    out[i].setPort(destinations[i].port);
  }
}

std::vector<OutPort::Destination> read_destinations(capnp::List<wire::Destination>::Reader in) {
  std::vector<OutPort::Destination> out;
  for (const auto destination : in)
    out.push_back({destination.getPeer().cStr(), destination.getPort()});
  return out;
}

void write_ports(const Shard& shard, wire::Shard::Builder out) {
  auto in_ports = out.initInPorts(static_cast<unsigned>(shard.in_ports.size()));
  for (unsigned i = 0; i < in_ports.size(); ++i) {
    in_ports[i].setName(shard.in_ports[i].name);
    in_ports[i].setElements(shard.in_ports[i].elements);
    in_ports[i].setReversed(shard.in_ports[i].reversed);
  }
  auto out_ports = out.initOutPorts(static_cast<unsigned>(shard.out_ports.size()));
  for (unsigned i = 0; i < out_ports.size(); ++i) {
    const OutPort& port = shard.out_ports[i];
    out_ports[i].setName(port.name);
    out_ports[i].setElements(port.elements);
    write_destinations(port.destinations, out_ports[i].initDestinations(
                                              static_cast<unsigned>(port.destinations.size())));
  }
}

void read_ports(wire::Shard::Reader in, Shard& shard) {
  for (const auto port : in.getInPorts())
    shard.in_ports.push_back({port.getName().cStr(), port.getElements(), port.getReversed()});
  for (const auto port : in.getOutPorts())
    shard.out_ports.push_back(
        {port.getName().cStr(), port.getElements(), read_destinations(port.getDestinations())});
}

void write_registers(const Shard& shard, wire::Shard::Builder out) {
  auto vectors = out.initVectors(static_cast<unsigned>(shard.vectors.size()));
  for (unsigned i = 0; i < vectors.size(); ++i) {
    vectors[i].setName(shard.vectors[i].name);
    vectors[i].setMemory(static_cast<std::uint8_t>(shard.vectors[i].memory));
    vectors[i].setIndex(shard.vectors[i].index);
    vectors[i].setValues(as_data(shard.vectors[i].values));
  }
  auto zeroed = out.initZeroed(static_cast<unsigned>(shard.zeroed.size()));
  for (unsigned i = 0; i < zeroed.size(); ++i) {
    zeroed[i].setMemory(static_cast<std::uint8_t>(shard.zeroed[i].memory));
    zeroed[i].setFirst(shard.zeroed[i].first);
    zeroed[i].setCount(shard.zeroed[i].count);
    zeroed[i].setOnce(shard.zeroed[i].once);
  }
}

}  // namespace

void write_shard(const Shard& shard, wire::Shard::Builder out) {
  out.setNode(shard.node);
  write_device(shard.device, out.initDevice());
  write_format(shard.format, out.initFormat());
  out.setBeatsPerTile(shard.beats_per_tile);
  write_program(shard.program, out.initProgram());
  auto matrices = out.initMatrices(static_cast<unsigned>(shard.matrices.size()));
  for (unsigned i = 0; i < matrices.size(); ++i) write_matrix(shard.matrices[i], matrices[i]);
  write_registers(shard, out);
  write_ports(shard, out);
  out.setWindowTiles(shard.window_tiles);
  out.setBatch(shard.batch);
}

Result<Shard> read_shard(wire::Shard::Reader in) {
  Shard shard;
  shard.node = in.getNode().cStr();
  shard.device = read_device(in.getDevice());
  shard.format = read_format(in.getFormat());
  shard.beats_per_tile = in.getBeatsPerTile();
  Result<Program> program = read_program(in.getProgram());
  if (!program) return tl::unexpected<Error>(program.error());
  shard.program = std::move(*program);
  for (const auto matrix : in.getMatrices()) shard.matrices.push_back(read_matrix(matrix));
  for (const auto vector : in.getVectors())
    shard.vectors.push_back({vector.getName().cStr(), static_cast<Memory>(vector.getMemory()),
                             vector.getIndex(), from_data<Half>(vector.getValues())});
  for (const auto range : in.getZeroed())
    shard.zeroed.push_back({static_cast<Memory>(range.getMemory()), range.getFirst(),
                            range.getCount(), range.getOnce()});
  read_ports(in, shard);
  shard.window_tiles = in.getWindowTiles();
  shard.batch = in.getBatch();
  return shard;
}

}  // namespace soliton
