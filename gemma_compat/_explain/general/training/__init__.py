"""What a trainer refuses or stops at: options, dtypes, tensors, gradients, metrics."""
