#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cluster/results/results.h"
#include "protocol/json/json.h"
#include "tests/unit/results/sample.h"

namespace soliton {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& [key, value] : object.items()) out.push_back(key);
  return out;
}

TEST(ResultsJson, IsExactlyThisText) {
  EXPECT_EQ(results_json(sample::run()), R"json({
  "soliton": "0.1.0",
  "name": "tiny",
  "seed": 18446744073709551615,
  "time": "virtual",
  "fidelity": "packet",
  "complete": true,
  "requests": {"sent": 3, "completed": 2, "failed": 1, "duplicated": 0},
  "latency_us": {"min": 30, "mean": 32.283945, "p50": 30, "p90": 34.56789, "p99": 34.56789, "p99_9": 34.56789, "max": 34.56789, "mean_ci95": null, "p50_ci95": null, "p90_ci95": null, "p99_ci95": null, "p99_9_ci95": null},
  "throughput_rps": 25000,
  "effective_tflops": 0.025,
  "peak_tflops": 1,
  "utilization": 0.025,
  "breakdown_us": {"compute": 16.141973, "network": 8.070986, "queue": 0, "host": 8.070986},
  "nodes": [
    {"name": "fpga0", "device": "bw-pocket", "role": "npu", "memory": {"budget_bytes": 1000, "used_bytes": 810}, "busy_fraction": 0.25, "state": "ok", "errors": {"poisoned_blocks": 3, "fp16_overflows": 5}},
    {"name": "host0", "device": "cpu", "role": "host", "memory": {"budget_bytes": 0, "used_bytes": 0}, "busy_fraction": 0.125, "state": "failed", "errors": {"poisoned_blocks": 0, "fp16_overflows": 0}}
  ],
  "partition": {"objective": "latency", "nodes_used": 1, "cut_bytes_per_request": 2048, "predicted_latency_us": 31.8, "lower_bound_us": 29.4, "gap": 0.08},
  "fabric": {"packets": 100, "bytes": 6400, "dropped": 1, "corrupted": null, "duplicated": null, "reordered": null, "ecn_marked": 0, "pauses": 0, "queue_bytes_max": 0, "host_drops": null},
  "links": [
    {"link": "tor0 -> fpga0", "packets": 60, "bytes": 4000, "busy_fraction": 0.5, "dropped_queue": 1, "dropped_buffer": 0, "dropped_fault": 0, "dropped_watchdog": 0, "ecn_marked": 2, "queue_bytes_max": 3000, "wait_us_max": 0.25}
  ],
  "ltl": {"carrier": "emulated", "auth": "none", "messages": 40, "packets": 90, "retransmitted": 1, "needless": 0, "timeouts": 0, "nacks": 0, "refused": {"stranger": 0, "stale": 0, "forged": 0, "replayed": 0, "checksum": 0, "malformed": 0}, "rtt_us": {"min": 0.00006, "mean": 0.00006, "p50": 0.00006, "p99": 0.00006, "p99_9": 0.00006, "max": 0.00006}},
  "faults": [
    {"at_us": 1000, "id": "loss0", "kind": "loss", "target": "fpga0-tor0", "armed": true, "detected_us": null, "healed_us": null, "recovered_us": null, "hits": 1, "dropped": 1, "delayed": 0, "duplicated": 0, "corrupted": 0, "marked": 0, "misrouted": 0, "first_us": 1500, "last_us": 1500}
  ],
  "expect": [],
  "outputs": {"sha256": "00ff", "checked": 2, "mismatched": 1, "max_abs_error": null, "max_rel_error": null, "accuracy": 0.5, "accuracy_fp32": null, "accuracy_per_step": null},
  "warnings": [],
  "wall": {"seconds": 0.5, "launch_seconds": 0.25, "events": 1000, "events_per_second": 2000, "processes": 3, "nodes_confined": null}
}
)json");
}

TEST(ResultsJson, HasTheKeysOfTheInterfaceInItsOrder) {
  const Json json = Json::parse(results_json(sample::run()));
  EXPECT_EQ(keys(json),
            (std::vector<std::string>{
                "soliton",     "name",        "seed",         "time",           "fidelity",
                "complete",    "requests",    "latency_us",   "throughput_rps", "effective_tflops",
                "peak_tflops", "utilization", "breakdown_us", "nodes",          "partition",
                "fabric",      "links",       "ltl",          "faults",         "expect",
                "outputs",     "warnings",    "wall"}));
}

TEST(ResultsJson, SaysHowFarTimesCanBeTrustedAndWhatARequestTakes) {
  RunResults r = sample::run();
  r.calibration = CalibrationResult{"partly", 10.0, "dense layers"};
  r.energy_uj = 1.5;
  Json json = Json::parse(results_json(r));
  EXPECT_EQ(json["calibration"].dump(),
            R"({"class":"partly","error_percent":10,"scope":"dense layers"})");
  EXPECT_EQ(json["energy_uj"].dump(), R"({"mean":1.5})");
  r.calibration = CalibrationResult{"uncalibrated", {}, ""};
  json = Json::parse(results_json(r));
  EXPECT_TRUE(json["calibration"]["error_percent"].is_null());
}

TEST(ResultsJson, WarningsStandInOrderAndTheSameOneOnce) {
  RunResults r = sample::run();
  warn(r.warnings, warning_id::kWindowLimited, "the window fills 8 % of the path");
  warn(r.warnings, warning_id::kFewSamples, "3 requests");
  warn(r.warnings, warning_id::kWindowLimited, "the window fills 8 % of the path");
  const Json json = Json::parse(results_json(r));
  EXPECT_EQ(json["warnings"].dump(),
            R"([{"id":"window_limited","text":"the window fills 8 % of the path"},)"
            R"({"id":"few_samples","text":"3 requests"}])");
}

// Nothing may look like a zero that was measured.
TEST(ResultsJson, WhatWasNotMeasuredIsNull) {
  RunResults r = sample::run();
  r.fabric = {.packets = 1, .host_drops = 2};  // wall time
  r.outputs.known = false;
  r.nodes[0].errors_known = false;
  r.partition.known = false;  // a communication workload
  r.wall.event_count = 0;
  const Json json = Json::parse(results_json(r));
  for (const char* key : {"ecn_marked", "pauses", "queue_bytes_max", "corrupted"})
    EXPECT_TRUE(json["fabric"][key].is_null()) << key;
  EXPECT_EQ(json["fabric"]["host_drops"], 2);
  for (const char* key : {"checked", "mismatched"})
    EXPECT_TRUE(json["outputs"][key].is_null()) << key;
  for (const char* key : {"poisoned_blocks", "fp16_overflows"})
    EXPECT_TRUE(json["nodes"][0]["errors"][key].is_null()) << key;
  for (const auto& [key, value] : json["partition"].items()) EXPECT_TRUE(value.is_null()) << key;
  for (const char* key : {"effective_tflops", "peak_tflops", "utilization"})
    EXPECT_TRUE(json[key].is_null()) << key;
  EXPECT_TRUE(json["wall"]["events"].is_null());
  EXPECT_FALSE(json["throughput_rps"].is_null());
}

TEST(ResultsJson, WithoutWallDiffersInNothingElse) {
  Json with = Json::parse(results_json(sample::run()));
  with.erase("wall");
  EXPECT_EQ(Json::parse(results_json(sample::run(), false)).dump(), with.dump());
}

TEST(ResultsJson, WallDoesNotReachTheOtherKeys) {
  RunResults later = sample::run();
  later.wall = {7, 3, 11, 1};
  EXPECT_EQ(results_json(sample::run(), false), results_json(later, false));
  EXPECT_NE(results_json(sample::run()), results_json(later));
}

TEST(ResultsJson, WithoutACompletedRequestTimesAreNullAndRatesZero) {
  RunResults empty;
  const Json json = Json::parse(results_json(empty));
  EXPECT_TRUE(json["latency_us"]["p99"].is_null());
  EXPECT_TRUE(json["breakdown_us"]["compute"].is_null());
  EXPECT_TRUE(json["ltl"]["rtt_us"]["mean"].is_null());
  EXPECT_TRUE(json["outputs"]["sha256"].is_null());
  EXPECT_TRUE(json["utilization"].is_null());
  EXPECT_TRUE(json["wall"]["events_per_second"].is_null());
  EXPECT_EQ(json["throughput_rps"], 0);
}

TEST(ResultsJson, ValuesThatAreNotFiniteAreNull) {
  RunResults r = sample::run();
  r.partition.gap = std::nan("");
  r.outputs.max_rel_error = HUGE_VAL;
  const Json json = Json::parse(results_json(r));
  EXPECT_TRUE(json["partition"]["gap"].is_null());
  EXPECT_TRUE(json["outputs"]["max_rel_error"].is_null());
}

TEST(ResultsJson, ErrorAndDeviceTimeFollowAtTheEnd) {
  RunResults r = sample::run();
  r.complete = false;
  r.error = "interrupted \"by\" TERM\n";
  r.device.emplace();
  r.device->add(microseconds(3));
  const Json json = Json::parse(results_json(r));
  const std::vector<std::string> all = keys(json);
  EXPECT_EQ(all[all.size() - 2], "error");
  EXPECT_EQ(all.back(), "device_us");
  EXPECT_EQ(json["error"], r.error);
  EXPECT_EQ(json["device_us"]["p50"], 3);
  EXPECT_EQ(json["complete"], false);
}

TEST(ResultsJson, PausesAreThereOnlyWhereTheFabricHasThem) {
  RunResults r = sample::run();
  EXPECT_FALSE(Json::parse(results_json(r)).contains("pauses"));
  r.fabric.pauses = 3;
  r.pauses.emplace();
  r.pauses->watchdogs = 1;
  r.pauses->watchdog_drops = 2;
  r.pauses->lossy_queue_max = Bytes{9};
  r.pauses->ports = {{"fpga0 -> tor0", 3, nanoseconds(1'500), Bytes{40}, Bytes{50}, Bytes{6}, 2}};
  r.pauses->deadlocks = {{kRunStart + microseconds(7), {"s0 -> s1", "s1 -> s0"}}};
  const Json json = Json::parse(results_json(r));
  EXPECT_EQ(json["fabric"]["pauses"], 3);
  EXPECT_EQ(json["pauses"].dump(),
            R"({"watchdogs":1,"watchdog_drops":2,"lossy_queue_bytes_max":9,"ports":[)"
            R"({"port":"fpga0 -> tor0","pauses":3,"paused_us":1.5,"held_bytes_max":40,)"
            R"("queue_bytes_max":50,"lossy_queue_bytes_max":6,"dropped":2}],"deadlocks":[)"
            R"({"at_us":7,"ports":["s0 -> s1","s1 -> s0"]}]})");
}

TEST(ResultsJson, SeriesAreThereOnlyWhereLinksWereSampled) {
  RunResults r = sample::run();
  EXPECT_FALSE(Json::parse(results_json(r)).contains("links_series"));
  r.series = SeriesResult{microseconds(10), microseconds(20), {{"a -> b", {}}}};
  EXPECT_EQ(Json::parse(results_json(r))["links_series"].dump(),
            R"({"interval_us":20,"asked_us":10,"links":1})");
}

TEST(ResultsJson, HostileNamesReadBackAsTheyWere) {
  RunResults r = sample::run();
  r.name = "\"},{\\\x01\t\x7f é";
  EXPECT_EQ(Json::parse(results_json(r))["name"], r.name);
  r.name = "bad\xff\xc0\x80";
  EXPECT_EQ(Json::parse(results_json(r))["name"], "bad\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(SpellUs, IsExactWhereADoubleWouldNotBe) {
  EXPECT_EQ(spell_us(Duration{1'234'567}), "1.234567");
  EXPECT_EQ(spell_us(Duration{0}), "0");
  EXPECT_EQ(spell_us(Duration{5'000'000}), "5");
  EXPECT_EQ(spell_us(Duration{1}), "0.000001");
  EXPECT_EQ(spell_us(Duration{-1'500'000}), "-1.5");
  EXPECT_EQ(spell_us(Duration::max()), "9223372036854.775807");
  EXPECT_EQ(spell_us(Duration::min()), "-9223372036854.775808");
}

TEST(SpellNumber, IsTheShortestThatReadsBack) {
  EXPECT_EQ(spell_number(0.1), "0.1");
  EXPECT_EQ(spell_number(-0.0), "0");
  EXPECT_EQ(spell_number(1e300), "1e+300");
  EXPECT_EQ(std::stod(spell_number(1.0 / 3)), 1.0 / 3);
}

TEST(RequestsCsv, HasOneRowARequestAndLeavesUnknownCellsEmpty) {
  EXPECT_EQ(requests_csv(sample::run()),
            "request,client,steps,state,sent_us,completed_us,latency_us,compute_us,network_us,"
            "queue_us,host_us,"
            "output_hash,bit_identical,predicted_class,label\n"
            "0,0,12,completed,0,30,30,15,7.5,0,7.5,0000000000abcdef,yes,3,3\n"
            "1,0,12,completed,30,64.56789,34.56789,17.283945,8.641972,0,8.641972,,no,,\n"
            "2,0,12,failed,64.56789,,,,,,,,,,\n");
}

}  // namespace
}  // namespace soliton
