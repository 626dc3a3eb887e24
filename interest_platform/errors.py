"""The errors a user is told: each message is one clear line (what, which value, what is allowed, what to do)."""


class InterestError(Exception):
    """A failure that has been understood; its text is shown as it is, without a traceback."""


class SettingsError(InterestError):
    """`interest.yaml` or the environment says something that is not allowed."""


class SourceError(InterestError):
    """A source can't be read at all (missing, not of its format, without a mapped column)."""


class ContractError(InterestError):
    """A frame does not fit the table it is meant for; nothing has been written."""


class LakeError(InterestError):
    """The lake can't be attached, read or written."""


class EncoderError(InterestError):
    """The encoder can't be loaded, or its vectors can't be used."""


class NotTrainedError(EncoderError):
    """The encoder learns from texts and has not yet."""


class MixedEncodersError(EncoderError):
    """Vectors of two encoders met: their distances would mean nothing."""


class SampleError(InterestError):
    """A sample is unknown, can't be fetched, or is not the file it should be."""


class LiveError(InterestError):
    """A micro-batch has no segments to go on from, or its texts can't be placed among them."""


class ExperimentError(InterestError):
    """An experiment can't be assigned, planned or read with what was given."""


class StrategyError(InterestError):
    """A strategy of recommendation is unknown, or can't learn from what there is."""
