// The peer of `soliton bench npu` for recurrent layers: ONNX Runtime on one thread, batch 1.
// Reads lines "CELL KIND HIDDEN STEPS ROUNDS" (gru|lstm fp32|int8 1024 25 20) and answers each with the least
// microseconds a step over the rounds, or "error TEXT". Models are made here, with random weights.
import { createInterface } from "node:readline";
import ort from "onnxruntime-node";

// ---- the few parts of the protobuf encoding that an ONNX model needs ----
function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest < 0x80n) return Buffer.from([...bytes, low]);
    bytes.push(low | 0x80);
  }
}
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, content) => {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(content);
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

const FLOAT = 1;
const INT8 = 3;

function tensor(name, type, shape, array) {
  const raw = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return message(5, ...shape.map((dim) => number(1, dim)), number(2, type), bytes(8, name), bytes(9, raw));
}

function valueInfo(field, name, shape) {
  const dims = shape.map((dim) => message(1, number(1, dim)));
  return message(field, bytes(1, name), message(2, message(1, number(1, FLOAT), message(2, ...dims))));
}

function model(op, domain, inputs, hidden, steps, initializers) {
  const attribute = message(5, bytes(1, "hidden_size"), number(3, hidden), number(20, 2));
  const node = message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, "Y"), bytes(4, op), attribute,
    bytes(7, domain));
  const graph = message(7, node, bytes(2, "peer"), ...initializers, valueInfo(11, "X", [steps, 1, hidden]),
    valueInfo(12, "Y", [steps, 1, 1, hidden]));
  const opsets = [["", 14], ["com.microsoft", 1]].map(([name, version]) =>
    message(8, bytes(1, name), number(2, version)));
  return Buffer.concat([number(1, 8), graph, ...opsets]);
}

// ---- weights ----
let state = 12345;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
}
const floats = (count, scale) => Float32Array.from({ length: count }, () => random() * scale);
const integers = (count) => Int8Array.from({ length: count }, () => Math.round(random() * 127));

function layer(cell, kind, hidden, steps) {
  const gates = cell === "lstm" ? 4 : 3;
  const weights = gates * hidden * hidden;
  if (kind === "fp32") {
    return model(cell.toUpperCase(), "", ["X", "W", "R", "B"], hidden, steps, [
      tensor("W", FLOAT, [1, gates * hidden, hidden], floats(weights, 0.03)),
      tensor("R", FLOAT, [1, gates * hidden, hidden], floats(weights, 0.03)),
      tensor("B", FLOAT, [1, 2 * gates * hidden], floats(2 * gates * hidden, 0.1))]);
  }
  if (cell !== "lstm" || kind !== "int8") throw new Error(`no ${kind} ${cell}`);
  const one = (name, type, array) => tensor(name, type, [1], array);
  return model("DynamicQuantizeLSTM", "com.microsoft",
    ["X", "W", "R", "B", "", "", "", "", "Ws", "Wz", "Rs", "Rz"], hidden, steps, [
      tensor("W", INT8, [1, hidden, gates * hidden], integers(weights)),
      tensor("R", INT8, [1, hidden, gates * hidden], integers(weights)),
      tensor("B", FLOAT, [1, 2 * gates * hidden], floats(2 * gates * hidden, 0.1)),
      one("Ws", FLOAT, Float32Array.of(0.03 / 127)), one("Wz", INT8, Int8Array.of(0)),
      one("Rs", FLOAT, Float32Array.of(0.03 / 127)), one("Rz", INT8, Int8Array.of(0))]);
}

const sessions = new Map();
async function session(cell, kind, hidden, steps) {
  const key = [cell, kind, hidden, steps].join(" ");
  if (!sessions.has(key)) {
    sessions.set(key, await ort.InferenceSession.create(layer(cell, kind, hidden, steps),
      { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" }));
  }
  return sessions.get(key);
}

async function measure(cell, kind, hidden, steps, rounds) {
  const run = await session(cell, kind, hidden, steps);
  const feeds = { X: new ort.Tensor("float32", floats(steps * hidden, 1), [steps, 1, hidden]) };
  let least = Infinity;
  for (let round = 0; round < rounds; ++round) {
    const start = process.hrtime.bigint();
    await run.run(feeds);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / steps);
  }
  return least;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [cell, kind, hidden, steps, rounds] = line.split(" ");
  try {
    console.log(await measure(cell, kind, Number(hidden), Number(steps), Number(rounds)));
  } catch (error) {
    console.log(`error ${String(error.message).split("\n")[0]}`);
  }
}
