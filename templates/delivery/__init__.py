"""How the platform itself is delivered: a pipeline in the development account, or roles for a CI elsewhere."""
