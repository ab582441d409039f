// OCIRuntime
