"""Search over what people and agents said and did: the texts, their index, and the queries."""
