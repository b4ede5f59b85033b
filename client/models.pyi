from .described import *
