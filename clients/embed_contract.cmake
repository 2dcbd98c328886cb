# SPDX-License-Identifier: Apache-2.0
#
# Writes the bytes of INPUT as a C++ array into OUTPUT.

file(READ "${INPUT}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
# Sixteen bytes a line: one endless line is slow to compile.
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REPEAT "0x[0-9a-f][0-9a-f]," 16 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
file(
  WRITE "${OUTPUT}"
  "// Generated from the contract's descriptors.\n"
  "#include <cstddef>\n"
  "namespace insightloop::cli {\n"
  "extern const unsigned char kContractBytes[];\n"
  "extern const std::size_t kContractSize;\n"
  "const unsigned char kContractBytes[] = {\n${bytes}};\n"
  "const std::size_t kContractSize = ${size};\n"
  "}  // namespace insightloop::cli\n")
