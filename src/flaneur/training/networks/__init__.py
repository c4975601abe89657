"""Photos to a trained network, in torch: loading, augmentation, the loop, checkpoints, export to ONNX."""
