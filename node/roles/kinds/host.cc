// The clients and the CPU part of a model. Its spec is a HostSpec.
#include "node/deployment/deployment.h"
#include "node/host/host_role.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"
#include "protocol/control/shard_codec.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const Deployment& deployment, TraceBuffer* trace) {
  const HostSpec& spec = deployment.role.get<HostSpec>();
  HostOptions options{spec.workload, deployment.id, deployment.time, deployment.functional_every,
                      deployment.trace_requests};
  return std::make_unique<HostRole>(spec.shard, spec.inputs, options, *deployment.node_names,
                                    trace);
}

Asked asked(const RoleSpec& spec, NodeId) {
  return {spec.get<HostSpec>().workload.requests, "requests", "answered"};
}

void write_inputs(const InputSource& inputs, wire::HostRole::Builder out) {
  out.setSeed(inputs.seed);
  out.setSteps(static_cast<std::uint32_t>(inputs.random_steps));
  std::vector<std::int32_t> symbols;
  std::vector<float> values;
  std::vector<std::uint32_t> lengths;
  for (const RequestInput& input : inputs.given) {
    symbols.insert(symbols.end(), input.symbols.begin(), input.symbols.end());
    values.insert(values.end(), input.values.begin(), input.values.end());
    lengths.push_back(static_cast<std::uint32_t>(input.steps));
  }
  out.setSymbols(kj::arrayPtr(symbols.data(), symbols.size()));
  out.setValues(kj::arrayPtr(values.data(), values.size()));
  out.setLengths(kj::arrayPtr(lengths.data(), lengths.size()));
}

// `width`: values of one step.
InputSource read_inputs(wire::HostRole::Reader in, std::int64_t width) {
  InputSource inputs;
  inputs.seed = in.getSeed();
  inputs.random_steps = in.getSteps();
  // Fetched once, because each access to a list counts against the traversal limit of its message.
  const auto symbols = in.getSymbols();
  const auto values = in.getValues();
  unsigned symbol = 0, value = 0;
  for (const std::uint32_t steps : in.getLengths()) {
    RequestInput input;
    input.steps = steps;
    if (symbols.size() > 0)
      for (std::uint32_t i = 0; i < steps; ++i) input.symbols.push_back(symbols[symbol++]);
    else
      for (std::int64_t i = 0; i < steps * width; ++i) input.values.push_back(values[value++]);
    inputs.given.push_back(std::move(input));
  }
  return inputs;
}

void write(const RoleSpec& role, RoleBytesOut& to) {
  const HostSpec& spec = role.get<HostSpec>();
  const wire::HostRole::Builder out = to.body.initAs<wire::HostRole>();
  wire::HostRole::Builder with_shard = out;
  write_host_shard(spec.shard, with_shard.initShard());
  write_fields(kHostFields, &spec.workload, to.options);
  write_inputs(spec.inputs, out);
}

Result<RoleSpec> read(const RoleBytesIn& from) {
  const wire::HostRole::Reader in = from.body.getAs<wire::HostRole>();
  HostSpec spec;
  spec.shard = read_host_shard(in.getShard());
  read_fields(kHostFields, from.options, &spec.workload);
  spec.inputs = read_inputs(in, spec.shard.input);
  return RoleSpec(kHostRole, std::move(spec));
}

}  // namespace

const RoleKind kHostRole = {.name = "host",
                            .make = make,
                            .asked = asked,
                            .takes_part = nullptr,
                            .weights = nullptr,
                            .write = write,
                            .read = read};

}  // namespace soliton
