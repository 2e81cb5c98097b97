// The list of all commands of `soliton`, in the order of --help.
#pragma once

#include <span>

#include "cluster/cli/command.h"

namespace soliton {

extern const CliCommand kRunCommand;
extern const CliCommand kPlanCommand;
extern const CliCommand kCheckCommand;
extern const CliCommand kVerifyPlanCommand;
extern const CliCommand kVerifyDeterminismCommand;
extern const CliCommand kChaosCommand;
extern const CliCommand kSweepCommand;
extern const CliCommand kServeCommand;
extern const CliCommand kReportCommand;
extern const CliCommand kCompareCommand;
extern const CliCommand kWhyCommand;
extern const CliCommand kModelCommand;
extern const CliCommand kTopologyCommand;
extern const CliCommand kListCommand;
extern const CliCommand kTopCommand;
extern const CliCommand kDoctorCommand;
extern const CliCommand kIsaCommand;
extern const CliCommand kBenchCommand;
extern const CliCommand kQuantizeCommand;
extern const CliCommand kSchemaCommand;
extern const CliCommand kCompletionCommand;
extern const CliCommand kManualCommand;

inline constexpr const CliCommand* kCommands[] = {
    &kRunCommand,
    &kPlanCommand,
    &kCheckCommand,
    &kVerifyPlanCommand,
    &kVerifyDeterminismCommand,
    &kChaosCommand,
    &kSweepCommand,
    &kServeCommand,
    &kReportCommand,
    &kCompareCommand,
    &kWhyCommand,
    &kModelCommand,
    &kTopologyCommand,
    &kListCommand,
    &kTopCommand,
    &kDoctorCommand,
    &kIsaCommand,
    &kBenchCommand,
    &kQuantizeCommand,
    &kSchemaCommand,
    &kCompletionCommand,
    &kManualCommand,
};

}  // namespace soliton
