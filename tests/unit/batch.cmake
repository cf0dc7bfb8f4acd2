# What a batch is: items, replacement strings, quoting.
sheaf_test(batch_test unit command_template_test.cc item_reader_test.cc shell_quote_test.cc LIBS sheaf::common_batch)
