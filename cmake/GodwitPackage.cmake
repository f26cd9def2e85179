# `cmake --install` and the Debian package (cpack -G DEB).
include(GNUInstallDirs)
install(TARGETS godwit RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# The manual and the completions are what the program says of itself.
set(GENERATED ${CMAKE_BINARY_DIR}/generated)
add_custom_command(TARGET godwit POST_BUILD
  COMMAND godwit reference man > ${GENERATED}/godwit.1
  COMMAND godwit completions bash > ${GENERATED}/godwit
  COMMAND godwit completions zsh > ${GENERATED}/_godwit
  COMMAND godwit completions fish > ${GENERATED}/godwit.fish)
install(FILES ${GENERATED}/godwit.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${GENERATED}/godwit DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${GENERATED}/_godwit DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${GENERATED}/godwit.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# The unit names the place of the binary; that is known when it is installed.
install(CODE "
  set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  configure_file(${CMAKE_SOURCE_DIR}/packaging/godwit.service.in ${GENERATED}/godwit.service @ONLY)")
install(FILES ${GENERATED}/godwit.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/godwit.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/packaging/prometheus ${CMAKE_SOURCE_DIR}/packaging/grafana
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
# Of the program; who compiles against the library installs that by `cmake --install`.
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};${PROJECT_NAME};Unspecified;/")
set(CPACK_PACKAGE_NAME godwit)
set(CPACK_PACKAGE_VENDOR "The godwit authors")
set(CPACK_PACKAGE_CONTACT "The godwit authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(CPack)
