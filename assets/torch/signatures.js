// What torch's constructors take. A test compares them with torch's.

const window_ = ["kernel_size", ["stride", null], ["padding", 0]];
const CONV = [
  ...["in_channels", "out_channels", "kernel_size", ["stride", 1], ["padding", 0]],
  ...[
    ["dilation", 1],
    ["groups", 1],
    ["bias", true],
    ["padding_mode", "zeros"],
  ],
  ...[
    ["device", null],
    ["dtype", null],
  ],
];
const TRANSPOSED = [
  ...["in_channels", "out_channels", "kernel_size", ["stride", 1], ["padding", 0]],
  ...[
    ["output_padding", 0],
    ["groups", 1],
    ["bias", true],
    ["dilation", 1],
  ],
  ...[
    ["padding_mode", "zeros"],
    ["device", null],
    ["dtype", null],
  ],
];
const MAX = [...window_, ["dilation", 1], ["return_indices", false], ["ceil_mode", false]];
const AVERAGE = [...window_, ["ceil_mode", false], ["count_include_pad", true]];
const LP = ["norm_type", "kernel_size", ["stride", null], ["ceil_mode", false]];
const NORM = [
  ...["num_features", ["eps", 1e-5], ["momentum", 0.1], ["affine", true]],
  ...[
    ["track_running_stats", true],
    ["device", null],
    ["dtype", null],
    ["bias", true],
  ],
];
const INPLACE = [["inplace", false]];
const DROPOUT = [
  ["p", 0.5],
  ["inplace", false],
];

// name: [parameters, who complains of wrong arguments]
export const LAYERS = {
  Conv1d: [CONV],
  Conv2d: [CONV],
  ConvTranspose1d: [TRANSPOSED],
  ConvTranspose2d: [TRANSPOSED],
  MaxPool1d: [MAX, "_MaxPoolNd"],
  MaxPool2d: [MAX, "_MaxPoolNd"],
  AvgPool1d: [AVERAGE],
  AvgPool2d: [[...AVERAGE, ["divisor_override", null]]],
  LPPool1d: [LP, "_LPPoolNd"],
  LPPool2d: [LP, "_LPPoolNd"],
  AdaptiveAvgPool1d: [["output_size"], "_AdaptiveAvgPoolNd"],
  AdaptiveAvgPool2d: [["output_size"], "_AdaptiveAvgPoolNd"],
  AdaptiveMaxPool1d: [["output_size", ["return_indices", false]], "_AdaptiveMaxPoolNd"],
  AdaptiveMaxPool2d: [["output_size", ["return_indices", false]], "_AdaptiveMaxPoolNd"],
  ReLU: [INPLACE],
  ReLU6: [INPLACE],
  LeakyReLU: [
    [
      ["negative_slope", 0.01],
      ["inplace", false],
    ],
  ],
  PReLU: [
    [
      ["num_parameters", 1],
      ["init", 0.25],
      ["device", null],
      ["dtype", null],
    ],
  ],
  ELU: [
    [
      ["alpha", 1],
      ["inplace", false],
    ],
  ],
  SELU: [INPLACE],
  CELU: [
    [
      ["alpha", 1],
      ["inplace", false],
    ],
  ],
  GELU: [[["approximate", "none"]]],
  SiLU: [INPLACE],
  Mish: [INPLACE],
  Sigmoid: [[]],
  Tanh: [[]],
  Hardtanh: [
    [
      ["min_val", -1],
      ["max_val", 1],
      ["inplace", false],
      ["min_value", null],
      ["max_value", null],
    ],
  ],
  Hardsigmoid: [INPLACE],
  Hardswish: [INPLACE],
  Softplus: [
    [
      ["beta", 1],
      ["threshold", 20],
    ],
  ],
  Softsign: [[]],
  LogSigmoid: [[]],
  Softmax: [[["dim", null]]],
  LogSoftmax: [[["dim", null]]],
  Identity: [[]],
  BatchNorm1d: [NORM, "_BatchNorm"],
  BatchNorm2d: [NORM, "_BatchNorm"],
  Dropout: [DROPOUT, "_DropoutNd"],
  Dropout1d: [DROPOUT, "_DropoutNd"],
  Dropout2d: [DROPOUT, "_DropoutNd"],
  Flatten: [
    [
      ["start_dim", 1],
      ["end_dim", -1],
    ],
  ],
  Linear: [["in_features", "out_features", ["bias", true], ["device", null], ["dtype", null]]],
};
