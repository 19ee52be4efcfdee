"""The HTTP interfaces that the embedded AWS answers itself, above all CloudFormation's query API."""
