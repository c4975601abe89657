"""ONNX files read, joined and extended with heads and novelty, on protobuf alone."""
