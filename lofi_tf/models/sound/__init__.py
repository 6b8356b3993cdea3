"""Networks of clips and of spectra, and what they learn against."""
