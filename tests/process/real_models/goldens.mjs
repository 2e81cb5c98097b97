// Inputs and outputs of real models by ONNX Runtime: node goldens.mjs MODELS.json FOLDER
// FOLDER has the packages below node_modules; each model gets a folder with .npy files and a cluster file that runs it on
// the CPU and compares. Inputs are seeded noise.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [list, folder] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(folder), 'package.json'));
const ort = require('onnxruntime-node');

function writeNpy(file, descr, shape, data) {
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  while ((10 + header.length + 1) % 64) header += ' ';
  header += '\n';
  const magic = Buffer.alloc(10);
  magic.write('\x93NUMPY\x01\x00', 0, 'latin1');
  magic.writeUInt16LE(header.length, 8);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  fs.writeFileSync(file, Buffer.concat([magic, Buffer.from(header, 'latin1'), bytes]));
}

let state = 1;
function noise() {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 1073741824 - 1;
}

function tensorOf(input) {
  const count = input.shape.reduce((a, b) => a * b, 1);
  if (input.integer !== undefined)
    return new ort.Tensor('int64', new BigInt64Array(count).fill(BigInt(input.integer)), input.shape);
  const values = Float32Array.from({ length: count }, () => noise() * (input.scale ?? 1));
  return new ort.Tensor('float32', values, input.shape);
}

for (const model of JSON.parse(fs.readFileSync(list))) {
  const out = path.join(folder, model.name);
  fs.mkdirSync(out, { recursive: true });
  const file = path.resolve(folder, 'node_modules', model.file);
  const session = await ort.InferenceSession.create(file);
  const feeds = {}, inputs = [], goldens = [];
  Object.entries(model.inputs).forEach(([name, input], k) => {
    const tensor = (feeds[name] = tensorOf(input));
    writeNpy(`${out}/x${k}.npy`, tensor.type === 'int64' ? '<i8' : '<f4', [1, ...input.shape], tensor.data);
    inputs.push(`${JSON.stringify(name)}: x${k}.npy`);
  });
  const outputs = await session.run(feeds);
  session.outputNames.forEach((name, k) => {
    writeNpy(`${out}/y${k}.npy`, '<f4', [1, ...outputs[name].dims], Float32Array.from(outputs[name].data, Number));
    goldens.push(`${JSON.stringify(name)}: y${k}.npy`);
  });
  fs.writeFileSync(`${out}/cluster.yaml`,
    `name: ${model.name}\nnodes: [{name: "host[0-1]", device: cpu}]\nmodel: {onnx: ${JSON.stringify(file)}}\n` +
    `placement: {"*": cpu}\nworkload: {requests: 1, input: {${inputs.join(', ')}}, golden: {${goldens.join(', ')}}}\n`);
}
