"""What is deployed: one module for each emitted template, named like it; templates.catalog lists them."""
