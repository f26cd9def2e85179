# cmake -DNAMES=a.js;b.css -DPATHS=/x/a.js;/y/b.css -DGZIP=gzip -DOUT=DIR -P EmbedFiles.cmake
# makes DIR/assets.cc, which defines godwit::service::assets(): each file as it is and compressed,
# and an ETag of its bytes. The assembler takes the bytes in, which is faster than to compile arrays.
set(blocks "")
set(symbols "")
set(rows "")
set(at 0)
foreach(name path IN ZIP_LISTS NAMES PATHS)
  set(packed ${OUT}/${name}.gz)
  # -n: the same bytes from the same file, whenever it was made.
  execute_process(COMMAND ${GZIP} -9nc ${path} OUTPUT_FILE ${packed} COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${path} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  foreach(kind bytes gzip)
    set(symbol godwit_asset_${at}_${kind})
    set(file ${path})
    if(kind STREQUAL gzip)
      set(file ${packed})
    endif()
    string(APPEND blocks "${symbol}: .incbin \"${file}\"\n${symbol}_end: .byte 0\n")
    string(APPEND symbols "extern \"C\" [[gnu::visibility(\"hidden\")]] const char ${symbol}[], ${symbol}_end[];\n")
  endforeach()
  set(symbol godwit_asset_${at})
  string(APPEND rows "      {\"${name}\", {${symbol}_bytes, ${symbol}_bytes_end},\n"
                     "       {${symbol}_gzip, ${symbol}_gzip_end}, \"\\\"${hash}\\\"\"},\n")
  math(EXPR at "${at} + 1")
endforeach()

file(WRITE ${OUT}/assets.cc "// Made by cmake/EmbedFiles.cmake.
#include \"service/dashboard.h\"

__asm__(R\"(
.section .rodata.godwit_assets,\"a\",@progbits
${blocks}.previous
)\");

${symbols}
namespace godwit::service {

std::span<const Asset> assets() {
  static const Asset all[] = {
${rows}  };
  return all;
}

}  // namespace godwit::service
")
