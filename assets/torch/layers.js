// Which rule says what a layer makes of an input: (args, shape with a batch of one, call) to
// {shape, parameters, macs, windows, way}.
// windows: [kernel, stride, padding before, dilation] an axis; null where they are not alike.
// way: what else engine/sight.js needs in order to follow what a layer's output sees.

import { convolution, transposed } from "./convolution.js";
import { batchNorm, dropout, elementWise, flatten, linear, prelu, softmax } from "./others.js";
import { adaptive, averagePool, lpPool, maxPool1d, maxPool2d } from "./pooling.js";

/** @type {Record<string, import("./shared.js").Rule>} */
export const RULES = {
  Conv1d: convolution,
  Conv2d: convolution,
  ConvTranspose1d: transposed,
  ConvTranspose2d: transposed,
  MaxPool1d: maxPool1d,
  MaxPool2d: maxPool2d,
  AvgPool1d: averagePool,
  AvgPool2d: averagePool,
  LPPool1d: lpPool,
  LPPool2d: lpPool,
  AdaptiveAvgPool1d: adaptive,
  AdaptiveAvgPool2d: adaptive,
  AdaptiveMaxPool1d: adaptive,
  AdaptiveMaxPool2d: adaptive,
  ReLU: elementWise,
  ReLU6: elementWise,
  LeakyReLU: elementWise,
  PReLU: prelu,
  ELU: elementWise,
  SELU: elementWise,
  CELU: elementWise,
  GELU: elementWise,
  SiLU: elementWise,
  Mish: elementWise,
  Sigmoid: elementWise,
  Tanh: elementWise,
  Hardtanh: elementWise,
  Hardsigmoid: elementWise,
  Hardswish: elementWise,
  Softplus: elementWise,
  Softsign: elementWise,
  LogSigmoid: elementWise,
  Softmax: softmax,
  LogSoftmax: softmax,
  Identity: elementWise,
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  Dropout: dropout,
  Dropout1d: dropout,
  Dropout2d: dropout,
  Flatten: flatten,
  Linear: linear,
};
