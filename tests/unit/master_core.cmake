sheaf_test(master_core_test unit
  scheduler_binding_test.cc scheduler_dispatch_test.cc scheduler_fault_test.cc scheduler_fencing_test.cc scheduler_lease_test.cc scheduler_windows_test.cc
  scheduler_workers_test.cc worker_table_test.cc
  LIBS sheaf::master_core)
