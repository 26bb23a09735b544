/**
 * A fitted model as an ONNX graph, for ONNX Runtime in browsers, servers and phones:
 * `x [n×d] → Gemm → Softmax → probabilities [n×k]`, and `Gemm → ArgMax → label_index [n]`.
 */
import { VERSION } from "../engine/version.js";
import type { FittedModel } from "./fitted-model.js";
import { requireModel } from "./model-side.js";
import { float, integer, joined, message, text } from "./protobuf.js";

/** The operators' version, of 2021, and the oldest file format that has it: any runtime of the last years reads them. */
const OPSET = 13;
const IR_VERSION = 7;

/** Field numbers of onnx.proto, by message. */
const MODEL = { irVersion: 1, producerName: 2, producerVersion: 3, graph: 7, opsetImport: 8, metadataProps: 14 };
const OPERATOR_SET = { domain: 1, version: 2 };
const ENTRY = { key: 1, value: 2 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, float: 2, integer: 3, type: 20 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { elementType: 1, shape: 2 };
const SHAPE = { dim: 1 };
const DIMENSION = { value: 1, parameter: 2 };

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;

/**
 * `probabilities = softmax((x·W + b) / T)` as an ONNX model, T the temperature, 1 unless calibrated (opset 13). Its input `x` is float32 [n×d] for any n, its outputs are
 * `probabilities`, float32 [n×k], and `label_index`, int64 [n], of equal scores the first. The metadata entry `classes` is a JSON array:
 * row i has the label `classes[label_index[i]]`.
 *
 * `x` holds the values that `fit` saw: where features were given with a `scale` or an `offset`, such as bytes of pixels with
 * `scale: 1 / 255`, multiply and add before asking the exported model. 4·(d + 1)·k bytes and half a kilobyte.
 *
 * @throws NotFittedError
 */
export function toONNX(model: FittedModel): Uint8Array<ArrayBuffer> {
  requireModel(model, "toONNX");
  const { coef, intercept, classes, temperature = 1 } = model;
  const [d, k] = coef.shape;
  const scale = [floatAttribute("alpha", 1 / temperature), floatAttribute("beta", 1 / temperature)];
  const gemm = node("Gemm", ["x", "weight", "bias"], "scores", scale);
  const graph = message(MODEL.graph, [
    gemm,
    node("Softmax", ["scores"], "probabilities", [integerAttribute("axis", 1)]),
    // Of the scores: where probabilities round to the same number, scores still differ.
    node("ArgMax", ["scores"], "label_index", [integerAttribute("axis", 1), integerAttribute("keepdims", 0)]),
    text(GRAPH.name, "softmax_regression"),
    tensor("weight", [d, k], coef.data),
    tensor("bias", [k], intercept),
    value(GRAPH.input, "x", FLOAT, ["n", d]),
    value(GRAPH.output, "probabilities", FLOAT, ["n", k]),
    value(GRAPH.output, "label_index", INT64, ["n"]),
  ]);
  return joined([
    integer(MODEL.irVersion, IR_VERSION),
    text(MODEL.producerName, "luce"),
    text(MODEL.producerVersion, VERSION),
    graph,
    message(MODEL.opsetImport, [text(OPERATOR_SET.domain, ""), integer(OPERATOR_SET.version, OPSET)]),
    message(MODEL.metadataProps, [text(ENTRY.key, "classes"), text(ENTRY.value, JSON.stringify(classes))]),
  ]);
}

function node(type: string, inputs: readonly string[], output: string, attributes: readonly Uint8Array[]): Uint8Array {
  const names = inputs.map((name) => text(NODE.input, name));
  return message(GRAPH.node, [
    ...names,
    text(NODE.output, output),
    text(NODE.name, type),
    text(NODE.opType, type),
    ...attributes,
  ]);
}

const floatAttribute = (name: string, value: number): Uint8Array =>
  message(NODE.attribute, [
    text(ATTRIBUTE.name, name),
    float(ATTRIBUTE.float, value),
    integer(ATTRIBUTE.type, ATTRIBUTE_FLOAT),
  ]);

const integerAttribute = (name: string, value: number): Uint8Array =>
  message(NODE.attribute, [
    text(ATTRIBUTE.name, name),
    integer(ATTRIBUTE.integer, value),
    integer(ATTRIBUTE.type, ATTRIBUTE_INT),
  ]);

function tensor(name: string, shape: readonly number[], values: Float32Array): Uint8Array {
  const raw = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((each, i) => {
    raw.setFloat32(4 * i, each, true);
  });
  return message(GRAPH.initializer, [
    ...shape.map((size) => integer(TENSOR.dims, size)),
    integer(TENSOR.dataType, FLOAT),
    text(TENSOR.name, name),
    message(TENSOR.rawData, [new Uint8Array(raw.buffer)]),
  ]);
}

/** An input or output; a dimension with a name may have any size. */
function value(field: number, name: string, type: number, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((size) =>
    message(SHAPE.dim, [typeof size === "string" ? text(DIMENSION.parameter, size) : integer(DIMENSION.value, size)]),
  );
  const tensorType = [integer(TENSOR_TYPE.elementType, type), message(TENSOR_TYPE.shape, dimensions)];
  return message(field, [text(VALUE_INFO.name, name), message(VALUE_INFO.type, [message(TYPE.tensor, tensorType)])]);
}
