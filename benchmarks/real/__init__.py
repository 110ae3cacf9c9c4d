"""What real weights show: the published Gemma 3 270M, broken, cured and trained (`make real`)."""
