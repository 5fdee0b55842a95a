"""Pages of staff under `/manage`: organisers' rounds, managers' figures. Nobody sees more than their roles allow."""
