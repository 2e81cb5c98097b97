# A Debian package (`./dev package`), made by CPack of what `cmake --install` installs. It depends on the libraries that the
# programs load, as dpkg-shlibdeps finds them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME soliton)
set(CPACK_PACKAGE_VENDOR Soliton)
set(CPACK_PACKAGE_CONTACT "The Soliton project <soliton@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "emulates clusters of network-attached FPGA neural processors")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A model is partitioned over emulated FPGAs that exchange vectors over an
emulated network: values to the bit of the number format, times of devices and
network to the picosecond, a real transport protocol, and plans whose
predictions can be held against the run. With a Python package that starts
runs and reads them as tables.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-pandas, python3-numpy, python3-matplotlib")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Modes of files are those of the package, not of whoever builds it.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/copyright" DESTINATION share/doc/soliton)
include(CPack)
