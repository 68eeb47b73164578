# 40 MB of folded stacks: 80,000 distinct with 52,000 distinct frames, mean depth 17, each line four times or so, in mixed
# order.
BEGIN {
  for (i = 0; i < 80000; i++) {
    depth = 9 + i * 7 % 17; line = "main"
    for (d = 1; d < depth; d++) line = line ";function_" (i * 31 + d * d * 17) % 4001 "_of_module_" d % 13
    stack[i] = line
  }
  while (bytes < 40e6) { i = (n++ * 7919 + int(n / 80000) * 13) % 80000; bytes += length(stack[i]) + 4; print stack[i], 1 + n % 97 }
}
